setting-error-ntfy-topic = `{ $value }` 不是主题名：最多 64 个字母、数字、- 和 _
channel-kind-ntfy = ntfy
channel-about-ntfy = 通过 ntfy.sh 或你自己的 ntfy 服务器推送。
field-ntfy-topic = 主题
field-ntfy-topic-hint = 在公共服务器上，知道主题名的人都能看到消息，请取一个猜不到的名字。也可以填完整地址。
field-ntfy-url = 服务器
field-ntfy-url-hint = 留空即 https://ntfy.sh。
field-ntfy-token = 访问令牌
field-ntfy-token-hint = 仅当主题受保护时填写，以 tk_ 开头。
field-ntfy-username = 用户名
field-ntfy-username-hint = 不用令牌时填写。
field-ntfy-password = 密码
field-ntfy-password-hint = 该用户的密码。
field-ntfy-priority = 故障：优先级
field-ntfy-priority-hint = urgent 会让手机持续响铃。
field-ntfy-priority-up = 恢复：优先级
field-ntfy-priority-up-hint = 选 off 则恢复时不通知。
channel-steps-ntfy =
    安装 ntfy 应用，订阅一个别人猜不到的主题。
    在这里填写同一个主题；不用 ntfy.sh 时再填服务器地址。
    主题受保护时：在网页版中 Account → Access tokens → Create，复制令牌。
field-ntfy-priority-high = 高（high）
field-ntfy-priority-urgent = 紧急（urgent）
field-ntfy-priority-default = 默认（default）
field-ntfy-priority-low = 低（low）
field-ntfy-priority-min = 最低（min）
field-ntfy-priority-up-high = 高（high）
field-ntfy-priority-up-urgent = 紧急（urgent）
field-ntfy-priority-up-default = 默认（default）
field-ntfy-priority-up-low = 低（low）
field-ntfy-priority-up-min = 最低（min）
field-ntfy-priority-up-off = 不通知（off）
