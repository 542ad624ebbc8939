setting-error-serverchan = 这不是 SendKey；SendKey 以 SCT（Turbo 版）或 sctp（Server酱³）开头
setting-error-serverchan-channel = 最多两个数字，例如 9 或 9|66
channel-kind-serverchan = Server酱
channel-about-serverchan = 推送到微信（Turbo 版）或 Server酱³ App。
field-serverchan-key = SendKey
field-serverchan-key-hint = Turbo 版以 SCT 开头，Server酱³ 以 sctp 开头。
field-serverchan-channel = 消息通道
field-serverchan-channel-hint = 仅 Turbo 版，最多两个：9 方糖服务号，66 企业微信应用，98 Android，2 钉钉，3 飞书，8 Bark。留空则按后台设置。
channel-steps-serverchan =
    用微信登录 sct.ftqq.com（Turbo 版）或 sc3.ft07.com（Server酱³）。
    把 SendKey 复制到这里。
    免费账号每天条数有限。
