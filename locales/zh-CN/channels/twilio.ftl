setting-error-twilio-account = Account SID 共 34 个字符，以 AC 开头
setting-error-twilio-key = API Key 的 SID 共 34 个字符，以 SK 开头
setting-error-twilio-from = `{ $value }` 不是 +15017122661 这样的号码，也不是 MG 开头的服务或 11 个字母以内的名称
channel-kind-twilio = 短信（Twilio）
channel-about-twilio = 发短信到手机，由 Twilio 按条收费。
field-twilio-account = Account SID
field-twilio-account-hint = 在 Twilio 控制台首页，以 AC 开头。
field-twilio-key = API Key SID
field-twilio-key-hint = 用 API Key 代替 Auth Token 时填写，以 SK 开头。
field-twilio-token = Auth Token
field-twilio-token-hint = 在 Account SID 下方；或 API Key 的 Secret。
field-twilio-from = 发送方
field-twilio-from-hint = 你的 Twilio 号码、Messaging Service（MG…），或当地允许的发送方名称。
field-twilio-to = 接收号码
field-twilio-to-hint = 带国家代码：+8613800138000。只填一个；每个人各加一个通知渠道。
field-twilio-url = API 地址
field-twilio-url-hint = 一般留空。也可以填 Twilio 的其他区域；自己的网关须由 MAIBO_OUTBOUND_ALLOW 放行。
channel-steps-twilio =
    打开 console.twilio.com，首页上有 Account SID 和 Auth Token。
    购买一个号码，或创建 Messaging Service。
    填到这里，再填接收短信的手机号。
