setting-error-serverchan = this is not a SendKey; one begins with SCT (Turbo) or sctp (ServerChan 3)
setting-error-serverchan-channel = at most two numbers, for example 9 or 9|66
channel-kind-serverchan = ServerChan
channel-about-serverchan = A push into WeChat (Turbo), or into ServerChan's own app (3).
field-serverchan-key = SendKey
field-serverchan-key-hint = SCT… for Turbo, sctp… for ServerChan 3.
field-serverchan-channel = Ways
field-serverchan-channel-hint = Turbo only, at most two: 9 WeChat service account, 66 WeCom app, 98 Android, 2 DingTalk, 3 Feishu, 8 Bark. Empty: as set there.
channel-steps-serverchan =
    Sign in at sct.ftqq.com (Turbo) or sc3.ft07.com (3) with WeChat.
    Copy the SendKey into the field.
    Free accounts have a few messages a day.
