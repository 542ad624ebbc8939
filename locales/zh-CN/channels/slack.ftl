channel-kind-slack = Slack
channel-about-slack = 通过 Incoming Webhook 把消息发到 Slack 频道。
field-slack-url = Webhook 地址
field-slack-url-hint = 以 https://hooks.slack.com/services/ 开头。也可以填工作流的地址：在工作流里设一个变量 text。
field-slack-mention = 故障时 @
field-slack-mention-hint = @here、@channel，或成员 ID，如 U012AB3CD（个人资料 → ⋮ → 复制成员 ID）；用户组填 S 开头的 ID。用空格分隔。
channel-steps-slack =
    打开 api.slack.com/apps → Create New App → From scratch，取名 Maibo，选择工作区。
    在 Incoming Webhooks 中打开开关，再点 Add New Webhook to Workspace。
    选择频道并允许，把 Webhook 地址复制到这里。
setting-error-slack-url = 这不是 Webhook 地址；它以 https://hooks.slack.com/services/ 开头
setting-error-slack-mention = `{ $value }` 不是 @here、@channel、@everyone、成员 ID（U…）或用户组 ID（S…）
