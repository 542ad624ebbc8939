setting-error-pushover-key = key 由 30 个字母和数字组成
setting-error-pushover-word = `{ $value }` 只能包含字母、数字、- 和 _
channel-kind-pushover = Pushover
channel-about-pushover = 推送到手机；紧急消息会一直响到有人确认。
field-pushover-token = API Token
field-pushover-token-hint = 在 Pushover 为 Maibo 创建的应用的 token。
field-pushover-user = User Key 或 Group Key
field-pushover-user-hint = 登录 pushover.net 后首页上可见。
field-pushover-device = 设备
field-pushover-device-hint = 留空发到所有设备；多个用逗号分隔。
field-pushover-priority = 故障：优先级
field-pushover-priority-hint = emergency 每分钟重复一次，最长一小时，直到有人确认或检查恢复。high 在免打扰时段也会响铃。
field-pushover-priority-up = 恢复：优先级
field-pushover-priority-up-hint = 选 off 则恢复时不通知。
field-pushover-sound = 铃声
field-pushover-sound-hint = 留空使用应用里选定的铃声。例如 siren。
field-pushover-url = API 地址
field-pushover-url-hint = 一般留空。只在使用自己的网关时填写，且须由 MAIBO_OUTBOUND_ALLOW 放行。
channel-steps-pushover =
    登录 pushover.net，首页上有 User Key。
    Create an Application/API Token，取名 Maibo。
    把两者填到这里。
field-pushover-priority-high = 高（high）
field-pushover-priority-normal = 普通（normal）
field-pushover-priority-quiet = 安静（quiet）
field-pushover-priority-silent = 静默（silent）
field-pushover-priority-up-high = 高（high）
field-pushover-priority-up-normal = 普通（normal）
field-pushover-priority-up-quiet = 安静（quiet）
field-pushover-priority-up-silent = 静默（silent）
field-pushover-priority-up-off = 不通知（off）
field-pushover-priority-emergency = 紧急（emergency）
