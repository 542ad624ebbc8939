setting-error-apprise-key = key 最多 128 个字母、数字、- 和 _
setting-error-apprise-one = key 和服务 URL 至少填一项
setting-error-apprise-url = 第 { $value } 项不是 tgram://… 或 mailto://… 这样的服务 URL
channel-kind-apprise = Apprise API
channel-about-apprise = 通过你自己的 Apprise 服务器，发到它支持的任意服务。
field-apprise-url = 服务器
field-apprise-url-hint = 你的 Apprise API 地址；也可以直接填 …/notify/KEY 的完整地址。
field-apprise-key = 配置 key
field-apprise-key-hint = 服务器上已保存的配置的 key。
field-apprise-urls = 或服务 URL
field-apprise-urls-hint = 每行一个，例如 mailto://… 或 tgram://…；没有 key 时使用。
field-apprise-tag = 标签
field-apprise-tag-hint = 只发到带这些标签的服务：逗号表示“或”，空格表示“且”。
channel-steps-apprise =
    打开你的 Apprise API 服务器，新建一个包含目标服务的配置。
    把带 key 的地址复制到这里。
    Apprise 会访问配置里的任何地址，包括内网，请只交给信任的人使用。
