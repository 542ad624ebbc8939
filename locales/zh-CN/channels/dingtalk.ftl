setting-error-dingtalk = 这既不是机器人的 Webhook 地址，也不是其中的 access_token
setting-error-dingtalk-secret = 这不是加签密钥；密钥在「加签」下方，以 SEC 开头，不含空格
setting-error-dingtalk-mention = `{ $value }` 既不是手机号也不是 userId；@all 表示所有人
channel-kind-dingtalk = 钉钉群机器人
channel-about-dingtalk = 由自定义机器人把消息发到钉钉群。
field-dingtalk-url = Webhook 地址
field-dingtalk-url-hint = 完整地址，或其中 access_token= 后面的部分。
field-dingtalk-secret = 加签密钥
field-dingtalk-secret-hint = 安全设置选了「加签」时填写，以 SEC 开头。
field-dingtalk-keyword = 自定义关键词
field-dingtalk-keyword-hint = 安全设置选了「自定义关键词」时填写其中一个，会附在每条消息末尾。
field-dingtalk-mention = @ 成员
field-dingtalk-mention-hint = 故障时 @ 谁：手机号、userId 或 @all。
channel-steps-dingtalk =
    在钉钉群里：群设置 → 机器人 → 添加机器人 → 自定义。
    安全设置勾选「加签」，复制密钥。
    完成后把 Webhook 地址复制到这里。拿到地址和密钥的人都能往群里发消息。
