channel-kind-teams = Microsoft Teams
channel-about-teams = 通过“工作流”的 Webhook 把卡片发到 Teams 频道或聊天。
field-teams-url = 工作流地址
field-teams-url-hint = 工作流创建完成后显示的地址，其中有 sig=…。
field-teams-mention = 故障时 @
field-teams-mention-hint = 对方的登录邮箱，如 ann@example.com，用空格分隔。
channel-steps-teams =
    在 Teams 中打开频道：… → 工作流。
    选择“将 Webhook 警报发送到频道”（或“收到 Webhook 请求时发布到频道”），按提示完成。
    把最后显示的地址复制到这里。工作流属于创建它的人，此人离职后就会停止：请再加一位所有者。
setting-error-teams-retired = 微软已停用这类连接器；请新建工作流（… → 工作流），填写它的地址
setting-error-teams-sig = 地址中没有 sig=…；请完整复制，并把工作流的触发者设为任何人
setting-error-teams-mention = `{ $value }` 不是登录邮箱，应形如 ann@example.com
