setting-error-wecomapp-corpid = 这不是企业 ID；企业 ID 以 ww 开头，由字母和数字组成
setting-error-wecomapp-agentid = AgentId 是数字，例如 1000002
setting-error-wecomapp-to = 成员、部门和标签至少填一项；@all 表示应用可见范围内的所有人
channel-kind-wecomapp = 企业微信应用
channel-about-wecomapp = 把消息卡片发给企业成员，在微信里也能收到。
field-wecomapp-corpid = 企业 ID
field-wecomapp-corpid-hint = 在「我的企业」→「企业信息」页面底部。
field-wecomapp-agentid = AgentId
field-wecomapp-agentid-hint = 在应用详情页。
field-wecomapp-secret = Secret
field-wecomapp-secret-hint = 在应用详情页点「查看」，会发到你的企业微信。
field-wecomapp-touser = 成员
field-wecomapp-touser-hint = 成员 UserID（账号），用空格分隔；@all 表示应用可见范围内的所有人。
field-wecomapp-toparty = 部门
field-wecomapp-toparty-hint = 部门 ID。
field-wecomapp-totag = 标签
field-wecomapp-totag-hint = 标签 ID。
field-wecomapp-url = 接口地址
field-wecomapp-url-hint = 只在自建固定 IP 的代理转发 qyapi.weixin.qq.com 时填写。
channel-steps-wecomapp =
    在企业微信管理后台：应用管理 → 自建 → 创建应用，选好可见范围。
    在应用详情页复制 AgentId 和 Secret；企业 ID 在「我的企业」里。
    在应用详情页的「企业可信IP」中加入本服务器的 IP，否则企业微信会拒收所有消息。
    想在微信里也收到：我的企业 → 微信插件，让成员扫码关注。
