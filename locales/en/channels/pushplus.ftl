setting-error-pushplus = this is not a PushPlus token; one has 32 letters and digits
channel-kind-pushplus = PushPlus
channel-about-pushplus = A push into WeChat, or by one of PushPlus' other ways.
field-pushplus-token = Token
field-pushplus-token-hint = On pushplus.plus, under one-to-one messages.
field-pushplus-topic = Group code
field-pushplus-topic-hint = To send to a group of readers. Empty: only to you.
field-pushplus-channel = Way
field-pushplus-channel-hint = Some cost points. webhook and cp need the code below.
field-pushplus-webhook = Webhook code
field-pushplus-webhook-hint = What you called the webhook or WeCom app on pushplus.plus.
field-pushplus-url = Server
field-pushplus-url-hint = Only for a gateway of yours in front of PushPlus, which MAIBO_OUTBOUND_ALLOW must cover.
channel-steps-pushplus =
    Sign in at www.pushplus.plus with WeChat and verify your real name; without it nothing is sent.
    Copy the token into the field.
    Too many messages lock the account until the next day.
