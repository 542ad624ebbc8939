channel-kind-zulip = Zulip
channel-about-zulip = A message into a channel of your Zulip; each check has its topic.
field-zulip-url = Organization URL
field-zulip-url-hint = For example https://acme.zulipchat.com.
field-zulip-email = Bot email
field-zulip-email-hint = For example maibo-bot@acme.zulipchat.com.
field-zulip-key = API key
field-zulip-key-hint = The bot's.
field-zulip-channel = Channel
field-zulip-channel-hint = Its name. The bot must be allowed to post there.
field-zulip-topic = Topic
field-zulip-topic-hint = Empty: each check's own name.
field-zulip-mention = Call when down
field-zulip-mention-hint = Full names, separated by commas; groups as *group*; all for everybody.
channel-steps-zulip =
    In Zulip: Settings → Personal → Bots → Add a new bot, of the type Incoming webhook or Generic bot.
    Copy the bot's email and API key into the fields.
    Type the channel's name; add the bot to it if it is private.
setting-error-zulip-key = an API key has letters and digits only; copy it from Settings → Bots
