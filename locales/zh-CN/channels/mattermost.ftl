channel-kind-mattermost = Mattermost
channel-about-mattermost = 把消息发到你自己的 Mattermost 频道。
field-mattermost-url = Webhook 地址
field-mattermost-url-hint = Mattermost 显示的地址，例如 https://chat.example.org/hooks/…。
field-mattermost-channel = 频道
field-mattermost-channel-hint = 频道网址中的名称，如 town-square。留空则发到 Webhook 自己的频道。
field-mattermost-mention = 故障时 @
field-mattermost-mention-hint = @here、@channel，或用户名，用空格分隔。
channel-steps-mattermost =
    在 Mattermost 中点左上角菜单 → 集成 → 传入 Webhook → 添加传入 Webhook。
    选择频道并保存。
    把地址复制到这里。如果没有“集成”，请系统管理员启用 Webhook。
setting-error-mattermost-url = 这不是 Webhook 地址；它以 /hooks/ 加一串密钥结尾
setting-error-mattermost-channel = 请填频道网址中的名称，如 town-square，不含空格
setting-error-mattermost-mention = `{ $value }` 不是用户名；用户名由字母、数字、.、- 和 _ 组成
