setting-error-telegram-token = 这不是机器人 token；它形如 123456789:AAE…，由 @BotFather 给出
setting-error-telegram-chat = `{ $value }` 不是会话：应为 -1001234567890 这样的数字，或公开频道的 @名称
setting-error-telegram-mention = `{ $value }` 既不是用户名，也不是用户的数字 ID
setting-error-telegram-thread = `{ $value }` 不是数字
channel-kind-telegram = Telegram
channel-about-telegram = 由你自己的机器人发消息给个人、群组或频道。
field-telegram-token = 机器人 token
field-telegram-token-hint = 向 @BotFather 发送 /newbot 获得。
field-telegram-chat = 会话
field-telegram-chat-hint = 会话的数字 ID，或公开频道的 @名称。给机器人发过消息后，可以用上面的按钮查找。
field-telegram-thread = 话题
field-telegram-thread-hint = 仅用于开启了话题的群组：话题的数字 ID。
field-telegram-mention = 提醒的人
field-telegram-mention-hint = 故障时 @ 这些人：@用户名 或数字 ID，用空格分隔。
field-telegram-url = API 服务器
field-telegram-url-hint = 留空即 https://api.telegram.org。也可以填自建的 Bot API 服务器或中转地址。
channel-steps-telegram =
    在 Telegram 里给 @BotFather 发送 /newbot，按提示取名，它会回复一个 token。
    给你的机器人发送 /start；或把它拉进群，在群里发送 /start。频道则把它设为管理员。
    点「查找会话」，填写 token，从列表中选择。
telegram-find = 查找会话
telegram-find-about = Maibo 向 Telegram 询问最近谁给这个机器人发过消息，不需要公网地址。
telegram-found = 给机器人发过消息的会话
telegram-none = 最近 24 小时没有人给这个机器人发过消息。请给它（或在群里）发送 /start，再查一次。
telegram-failed = 没有查到：{ $reason }
telegram-use = 使用这个会话
telegram-again = 再查一次
telegram-topic = 话题 { $thread }
