setting-error-telegram-token = this is no bot token; it looks like 123456789:AAE… and comes from @BotFather
setting-error-telegram-chat = `{ $value }` is no chat: a number like -1001234567890, or a public name like @my_channel
setting-error-telegram-mention = `{ $value }` is neither a user name nor a user's number
setting-error-telegram-thread = `{ $value }` is no number
channel-kind-telegram = Telegram
channel-about-telegram = A message from your own bot to a person, group or channel.
field-telegram-token = Bot token
field-telegram-token-hint = @BotFather gives it to you: /newbot.
field-telegram-chat = Chat
field-telegram-chat-hint = Its number, or the @name of a public channel. Write to the bot first, then find the chat with the button above.
field-telegram-thread = Topic
field-telegram-thread-hint = Only in groups with topics: the topic's number.
field-telegram-mention = Call people
field-telegram-mention-hint = When a check goes down: @names or user numbers, separated by spaces.
field-telegram-url = API server
field-telegram-url-hint = Empty: https://api.telegram.org. Or your own Bot API server or relay.
channel-steps-telegram =
    In Telegram, write /newbot to @BotFather and give the bot a name; it answers with a token.
    Write /start to your bot; or add it to a group and write /start there. In a channel, make it an administrator.
    Press “Find my chat”, type the token, and choose the chat from the list.
telegram-find = Find my chat
telegram-find-about = Maibo asks Telegram who has written to this bot lately. No public address is needed.
telegram-found = Who wrote to the bot
telegram-none = Nobody has written to this bot in the last 24 hours. Write /start to it, or in the group, and look again.
telegram-failed = That did not work: { $reason }
telegram-use = Use this chat
telegram-again = Look again
telegram-topic = topic { $thread }
