channel-kind-pagerduty = PagerDuty
channel-about-pagerduty = 检查故障时开启事件，恢复时自动解决。
field-pagerduty-key = 集成密钥
field-pagerduty-key-hint = 32 个字母和数字。测试会开启一个标题以“测试”开头的事件，请自行解决。
field-pagerduty-region = 服务区域
field-pagerduty-region-hint = 账号在 eu.pagerduty.com 时选 eu。
field-pagerduty-severity = 严重程度
field-pagerduty-severity-hint = 如何通知取决于服务的紧急程度设置。
field-pagerduty-url = 网关
field-pagerduty-url-hint = 留空则直连 PagerDuty。也可填你自己的转发服务器，须由 MAIBO_OUTBOUND_ALLOW 放行。
channel-steps-pagerduty =
    在 PagerDuty 中打开 Services → 你的服务 → Integrations → Add an integration。
    选择 Events API V2。
    展开该集成，把 Integration Key 复制到这里。
setting-error-pagerduty-key = 集成密钥由 32 个字母和数字组成，请从服务的 Integrations → Events API V2 中复制
