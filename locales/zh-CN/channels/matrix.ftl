channel-kind-matrix = Matrix
channel-about-matrix = 由你的机器人账号把消息发到 Matrix 聊天室。聊天室不能开启加密。
field-matrix-url = 主服务器
field-matrix-url-hint = Element 中：设置 → 帮助及关于 → 主服务器，例如 https://matrix-client.matrix.org。
field-matrix-token = 访问令牌
field-matrix-token-hint = 机器人账号的令牌：Element 中，设置 → 帮助及关于 → 访问令牌。
field-matrix-room = 聊天室
field-matrix-room-hint = !id:example.org 或 #alias:example.org，也可以是聊天室的链接。
field-matrix-mention = 故障时 @
field-matrix-mention-hint = @ann:example.org，或用 room 表示所有人，用空格分隔。
channel-steps-matrix =
    为机器人注册一个账号并登录，例如用 Element 的无痕窗口。
    把访问令牌和主服务器地址复制到这里。直接关闭窗口，不要登出，否则令牌会失效。
    邀请机器人进入聊天室，它会自动加入。聊天室不能开启加密。
setting-error-matrix-room = 请填聊天室 ID（!id:example.org）或别名（#alias:example.org）；ID 在聊天室设置的“高级”中
setting-error-matrix-mention = `{ $value }` 不是 room，也不是 @ann:example.org 这样的用户地址
