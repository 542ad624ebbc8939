channel-kind-discord = Discord
channel-about-discord = 通过 Webhook 把消息发到 Discord 频道。
field-discord-url = Webhook 地址
field-discord-url-hint = 以 https://discord.com/api/webhooks/ 开头。发到子区或论坛时，在末尾加上 ?thread_id=…。
field-discord-mention = 故障时 @
field-discord-mention-hint = @here、@everyone、用户 ID，或 & 加身份组 ID。打开开发者模式后，可在右键菜单中复制 ID。用空格分隔。
channel-steps-discord =
    在 Discord 中打开频道设置：编辑频道 → 整合 → Webhook。
    新建 Webhook，取名 Maibo。
    点“复制 Webhook URL”，粘贴到这里。拿到这个地址的人都能往频道里发消息。
setting-error-discord-url = 这不是 Webhook 地址；它形如 https://discord.com/api/webhooks/1234/abcd
setting-error-discord-mention = `{ $value }` 不是 @here、@everyone、用户 ID，也不是 & 加身份组 ID
