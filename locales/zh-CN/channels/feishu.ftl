setting-error-feishu = 这不是机器人的 Webhook 地址；地址形如 https://open.feishu.cn/open-apis/bot/v2/hook/…
setting-error-feishu-secret = 这不是签名密钥；密钥在机器人「安全设置」的「签名校验」下方，不含空格
setting-error-feishu-mention = `{ $value }` 不是 open_id；open_id 以 ou_ 开头，@all 表示所有人
channel-kind-feishu = 飞书 / Lark 群机器人
channel-about-feishu = 由自定义机器人把消息卡片发到飞书或 Lark 群。
field-feishu-url = Webhook 地址
field-feishu-url-hint = 完整地址，飞书和 Lark 均可。
field-feishu-secret = 签名密钥
field-feishu-secret-hint = 安全设置选了「签名校验」时填写。
field-feishu-keyword = 自定义关键词
field-feishu-keyword-hint = 安全设置选了「自定义关键词」时填写其中一个，会附在每条消息末尾。
field-feishu-mention = @ 成员
field-feishu-mention-hint = 故障时 @ 谁：open_id（ou_…）或 @all。
channel-steps-feishu =
    在飞书群里：设置 → 群机器人 → 添加机器人 → 自定义机器人。
    把 Webhook 地址复制到这里。
    在「安全设置」里选择「签名校验」，把密钥也复制过来。
