setting-error-wecom = 必填：机器人的 Webhook 地址，或其中的 key
setting-error-wecom-key = 地址中没有 ?key=…，请复制机器人的完整 Webhook 地址
setting-error-wecom-key-form = key 由 10 到 64 个字母、数字、- 和 _ 组成；也可以填完整的 Webhook 地址
channel-kind-wecom = 企业微信群机器人
channel-about-wecom = 由群机器人把消息发到企业微信群。
field-wecom-url = Webhook 地址
field-wecom-url-hint = 在群里：… → 群机器人 → 添加，复制完整地址。
field-wecom-key = 或只填 key
field-wecom-key-hint = 地址中 key= 后面的部分。
field-wecom-mention = 提醒成员
field-wecom-mention-hint = 故障时 @ 谁：成员 UserID、手机号或 @all。填手机号或 @all 时以纯文本发送。
setting-error-wecom-mention = `{ $value }` 既不是 UserID 也不是手机号；@all 表示所有人
channel-steps-wecom =
    在企业微信里打开群聊：… → 群机器人 → 添加。
    给机器人取个名字，例如 Maibo。
    把它的 Webhook 地址复制到这里。拿到这个地址的人都能往群里发消息。
