channel-kind-splunk = Splunk On-Call
channel-about-splunk = 检查故障时开启事件，恢复时自动解决。原名 VictorOps。
field-splunk-url = REST 端点地址
field-splunk-url-hint = 以 https://alert.victorops.com/integrations/generic/ 开头。测试会开启一个名为“测试”的事件，请自行解决。
field-splunk-routing = 路由键
field-splunk-routing-hint = 替换地址末尾的 $routing_key。留空则用地址中已有的。
field-splunk-severity = 严重程度
field-splunk-severity-hint = CRITICAL 会呼叫值班人；WARNING 取决于你的设置。
channel-steps-splunk =
    在 Splunk On-Call 中打开 Integrations → 3rd Party Integrations → REST – Generic，启用它。
    把 URL to notify 复制到这里。
    填写一个路由键（Settings → Routing Keys）。
setting-error-splunk-url = 这不是 REST 端点；它形如 https://alert.victorops.com/integrations/generic/20131114/alert/KEY/ROUTING
setting-error-splunk-routing = 需要一个路由键，由字母、数字、- 和 _ 组成，填在这里或地址末尾
