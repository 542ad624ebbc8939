channel-kind-opsgenie = Jira Service Management、Opsgenie
channel-about-opsgenie = 检查故障时开启告警，恢复时自动关闭。
field-opsgenie-key = API 密钥
field-opsgenie-key-hint = API 集成的密钥。测试会开启一个标题以“测试”开头的告警，请自行关闭。
field-opsgenie-service = 服务
field-opsgenie-service-hint = jsm：Jira Service Management，Opsgenie 正迁往这里。opsgenie、opsgenie-eu：尚未迁移的账号。
field-opsgenie-priority = 优先级
field-opsgenie-priority-hint = P1 最紧急。
field-opsgenie-url = 网关
field-opsgenie-url-hint = 留空则直连。也可填你自己的转发服务器，须由 MAIBO_OUTBOUND_ALLOW 放行。
channel-steps-opsgenie =
    在 Jira Service Management 中打开 Operations → 你的团队 → Integrations → Add integration → API；在 Opsgenie 中打开 Teams → 你的团队 → Integrations → Add integration → API。
    允许它创建和更新告警，并启用。
    把 API Key 复制到这里，并选择服务。
setting-error-opsgenie-key = API 密钥形如 eb243592-faa2-4ba2-a551-1afdf565c889，请从 API 集成中复制
