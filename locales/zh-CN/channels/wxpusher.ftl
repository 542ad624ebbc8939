setting-error-wxpusher = 这既不是 appToken（AT_…），也不是极简推送的 SPT（SPT_…，最多 10 个）
setting-error-wxpusher-to = 用 appToken 时要填接收人：UID_…，或最多四个主题 ID
setting-error-wxpusher-simple = SPT 本身就是接收人，这里请留空
channel-kind-wxpusher = WxPusher
channel-about-wxpusher = 推送到微信或 WxPusher App。
field-wxpusher-token = 令牌
field-wxpusher-token-hint = appToken（AT_…），或极简推送的 SPT（SPT_…）。
field-wxpusher-to = 接收人
field-wxpusher-to-hint = 用 appToken 时填写：用户的 UID_… 和主题 ID，用空格分隔。
field-wxpusher-url = 接口地址
field-wxpusher-url-hint = 只在自建网关转发 WxPusher 时填写，须由 MAIBO_OUTBOUND_ALLOW 放行。
channel-steps-wxpusher =
    最简单：在 wxpusher.zjiecode.com 扫码获取 SPT_…，复制到这里。
    多人接收：在 wxpusher.zjiecode.com/admin 创建应用，复制 appToken，让大家扫码关注应用，再填他们的 UID。
