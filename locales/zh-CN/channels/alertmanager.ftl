channel-kind-alertmanager = Alertmanager
channel-about-alertmanager = 在你的 Prometheus Alertmanager 中产生告警，由它分发。
field-alertmanager-url = Alertmanager 地址
field-alertmanager-url-hint = 例如 https://alerts.example.org。集群中的每个实例各加一个通知渠道。
field-alertmanager-labels = 标签
field-alertmanager-labels-hint = 每行一个，如 team=db。默认带有 alertname=MaiboCheckDown 和 severity=critical，可在此改写。检查名称在注解里。
field-alertmanager-user = 用户名
field-alertmanager-user-hint = 仅在 Alertmanager 需要密码时填写。
field-alertmanager-password = 密码
field-alertmanager-password-hint = 仅在 Alertmanager 需要密码时填写。
channel-steps-alertmanager =
    填写 Maibo 能访问到的 Alertmanager 地址。
    添加标签，供路由选择接收者。
    点“发送测试”：会出现告警 MaiboTest，5 分钟后自动结束。Alertmanager 重启后会丢失告警，而 Maibo 对每次故障只通知一次。
setting-error-alertmanager-label = `{ $value }` 不是 team=db 这样的标签；名称由字母、数字和 _ 组成，check_key 已被占用
setting-error-alertmanager-user = 填了密码就要填用户名，用户名中不能有冒号
