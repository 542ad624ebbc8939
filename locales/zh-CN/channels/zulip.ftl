channel-kind-zulip = Zulip
channel-about-zulip = 把消息发到 Zulip 频道，每个检查一个话题。
field-zulip-url = 组织网址
field-zulip-url-hint = 例如 https://acme.zulipchat.com。
field-zulip-email = 机器人邮箱
field-zulip-email-hint = 例如 maibo-bot@acme.zulipchat.com。
field-zulip-key = API 密钥
field-zulip-key-hint = 机器人的 API 密钥。
field-zulip-channel = 频道
field-zulip-channel-hint = 频道名称。机器人须有权在其中发言。
field-zulip-topic = 话题
field-zulip-topic-hint = 留空则用各检查的名称。
field-zulip-mention = 故障时 @
field-zulip-mention-hint = 用户全名，用逗号分隔；用户组写成 *组名*；all 表示所有人。
channel-steps-zulip =
    在 Zulip 中打开 设置 → 个人设置 → 机器人 → 添加机器人，类型选 Incoming webhook 或 Generic bot。
    把机器人的邮箱和 API 密钥复制到这里。
    填写频道名称；私有频道要先把机器人加进去。
setting-error-zulip-key = API 密钥只有字母和数字，请从 设置 → 机器人 中复制
