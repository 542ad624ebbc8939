setting-error-signal-to = `{ $value }` 不是 +8613800138000 这样的号码，也不是 alice.01 这样的用户名或群组 ID
setting-error-phone-code = `{ $value }` 不是带国家代码的电话号码，应形如 +8613800138000
channel-kind-signal = Signal
channel-about-signal = 通过你自己的 signal-cli 发送 Signal 消息。
field-signal-url = signal-cli
field-signal-url-hint = 它的 HTTP 服务地址，例如 http://127.0.0.1:8080，须由 MAIBO_OUTBOUND_ALLOW 放行。
field-signal-to = 收件人
field-signal-to-hint = 带国家代码的号码、alice.01 这样的用户名，或群组 ID。
field-signal-account = 发件号码
field-signal-account-hint = signal-cli 用来发送的号码；只有一个账号时不用填。
channel-steps-signal =
    安装 signal-cli，注册一个号码，或用 signal-cli link 关联到你的手机。
    以服务方式启动：signal-cli daemon --http 127.0.0.1:8080。
    填写这个地址和收件人。群组 ID 用 signal-cli listGroups 查看。
