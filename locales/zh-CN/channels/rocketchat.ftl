channel-kind-rocketchat = Rocket.Chat
channel-about-rocketchat = 把消息发到你自己的 Rocket.Chat 聊天室。
field-rocketchat-url = Webhook 地址
field-rocketchat-url-hint = 集成显示的地址，例如 https://chat.example.org/hooks/…/…。
field-rocketchat-channel = 聊天室
field-rocketchat-channel-hint = #聊天室 或 @用户，需要集成允许覆盖目标。留空则发到集成自己的聊天室。
field-rocketchat-mention = 故障时 @
field-rocketchat-mention-hint = @here、@all，或用户名，用空格分隔。
channel-steps-rocketchat =
    在 Rocket.Chat 中打开 管理 → 工作区 → 集成 → 新建 → 传入。
    启用它，选择发往的频道和发送者（用 rocket.cat 即可），保存。
    把 Webhook 地址复制到这里。
setting-error-rocketchat-url = 这不是 Webhook 地址；它以 /hooks/、编号和令牌结尾
setting-error-rocketchat-channel = 请填 #聊天室 或 @用户，不含空格
setting-error-rocketchat-mention = `{ $value }` 不是用户名；用户名由字母、数字、.、- 和 _ 组成
