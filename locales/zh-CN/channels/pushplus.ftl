setting-error-pushplus = 这不是 PushPlus 的 token；token 由 32 位字母和数字组成
channel-kind-pushplus = PushPlus 推送加
channel-about-pushplus = 推送到微信，或 PushPlus 的其他渠道。
field-pushplus-token = token
field-pushplus-token-hint = 在 pushplus.plus 的「一对一消息」页面。
field-pushplus-topic = 群组编码
field-pushplus-topic-hint = 一对多推送时填写；留空只发给自己。
field-pushplus-channel = 发送渠道
field-pushplus-channel-hint = 部分渠道消耗积分。webhook 和 cp 还要填下面的编码。
field-pushplus-webhook = webhook 编码
field-pushplus-webhook-hint = 在 pushplus.plus 里给 webhook 或企业微信应用起的编码。
field-pushplus-url = 接口地址
field-pushplus-url-hint = 只在自建网关转发 PushPlus 时填写，须由 MAIBO_OUTBOUND_ALLOW 放行。
channel-steps-pushplus =
    用微信登录 www.pushplus.plus 并完成实名认证，未实名无法发送。
    把 token 复制到这里。
    发得太多，账号会被限制到第二天。
