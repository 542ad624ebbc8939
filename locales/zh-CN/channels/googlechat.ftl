channel-kind-googlechat = Google Chat
channel-about-googlechat = 把卡片发到 Google Chat 聊天室，每次故障自成一个会话串。
field-googlechat-url = Webhook 地址
field-googlechat-url-hint = 以 https://chat.googleapis.com/v1/spaces/ 开头，其中有 key 和 token。
field-googlechat-mention = 故障时 @
field-googlechat-mention-hint = all 表示所有人，或用户编号（users/1234567890…），用空格分隔。
channel-steps-googlechat =
    在电脑上打开 Google Chat 聊天室，点名称旁的菜单：应用和集成 → Webhook。
    添加 Webhook，取名 Maibo。
    把它的链接复制到这里。需要 Google Workspace 账号。
setting-error-googlechat-url = 这不是 Webhook 地址；它形如 https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…
setting-error-googlechat-mention = `{ $value }` 不是 all，也不是用户编号
