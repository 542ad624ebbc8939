setting-error-wecomapp-corpid = this is not a company id; one begins with ww and has letters and digits
setting-error-wecomapp-agentid = the AgentId is a number, for example 1000002
setting-error-wecomapp-to = one of user ids, departments and tags is needed; @all is everybody who sees the app
channel-kind-wecomapp = WeCom app
channel-about-wecomapp = A card to members of your company, also inside WeChat.
field-wecomapp-corpid = Company id
field-wecomapp-corpid-hint = My company → Company information, at the bottom.
field-wecomapp-agentid = AgentId
field-wecomapp-agentid-hint = On the app's page.
field-wecomapp-secret = Secret
field-wecomapp-secret-hint = On the app's page, sent to your WeCom.
field-wecomapp-touser = Members
field-wecomapp-touser-hint = User ids, separated by spaces; @all is everybody who sees the app.
field-wecomapp-toparty = Departments
field-wecomapp-toparty-hint = Their ids.
field-wecomapp-totag = Tags
field-wecomapp-totag-hint = Their ids.
field-wecomapp-url = Server
field-wecomapp-url-hint = Only for a proxy of yours in front of qyapi.weixin.qq.com, with an address that stays the same.
channel-steps-wecomapp =
    In WeCom's admin console: App management → Self-built → Create app; choose who sees it.
    On the app's page copy AgentId and Secret; under My company the company id.
    On the app's page add the address of this server to the company's trusted IPs. Without it WeCom refuses every message.
    To get the messages in WeChat too: My company → WeChat plugin, and let members scan the code.
