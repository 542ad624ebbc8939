## 告警：邮件、机器人、Webhook
alert-title-down = 故障 | { $name }
alert-title-up = 恢复 | { $name }
alert-title-test = 测试 | Maibo
alert-title-many = 故障 | { $count } 个检查
alert-title-many-up = 恢复 | { $count } 个检查
alert-many-down = { $count } 个检查故障。该渠道有频率限制，不能逐条发送，详情见各检查页面。
alert-many-up = { $count } 个检查已恢复。该渠道有频率限制，不能逐条发送，详情见各检查页面。
alert-test-name = 测试检查
alert-test = 这是一条测试消息。任务失联时，告警会发到这里。
alert-down-missed = 「{ $name }」故障：未收到上报。应到时间 { $due }，宽限 { $grace }。
alert-down-overrun = 「{ $name }」故障：{ $started } 开始的运行未在 { $grace } 内结束。
alert-down-fail = 「{ $name }」故障：任务于 { $at } 上报失败。
alert-down-exit = 「{ $name }」故障：任务于 { $at } 以退出码 { $status } 结束。
alert-blind = 未收到「{ $name }」的上报。Maibo 自身在 { $from } 至 { $to } 期间不在线，上报可能已丢失。
alert-blind-many = 有 { $number } 个检查未收到上报。Maibo 自身在 { $from } 至 { $to } 期间不在线，上报可能已丢失。
alert-up = 「{ $name }」已恢复，中断 { $away }。
alert-up-missed = 「{ $name }」已恢复，中断 { $away }，{ $missed }。
alert-runs-missed = 缺 { $count } 次
alert-and-more = ，另有 { $count } 个
alert-both = 「{ $name }」曾于 { $from } 至 { $to } 中断，共 { $away }（{ $reason }），现已恢复。
alert-both-missed = 「{ $name }」曾于 { $from } 至 { $to } 中断，共 { $away }（{ $reason }，{ $missed }），现已恢复。
alert-reason-fail = 任务上报失败
alert-reason-exit = 退出码 { $status }
alert-reason-missed = 未收到上报
alert-reason-overrun = 运行超时
alert-title-canary = 报平安 | Maibo
alert-canary = 此通知渠道工作正常。Maibo 会定期发送这条消息，哪天收不到了，就说明渠道出了问题。
alert-title-channel-died = 故障 | 通知渠道「{ $name }」
alert-channel-died = 通知渠道「{ $name }」已失效：{ $reason }。修复之前，告警无法从该渠道送达。
alert-note-instead = 通知渠道「{ $name }」发送失败（{ $reason }），改发至此
alert-fact-note = 说明
alert-fact-project = 项目
alert-fact-checks = 检查
alert-fact-tags = 标签
alert-fact-since = 故障开始
alert-fact-heard = 最近上报
alert-fact-at = 时间
alert-link = 在 Maibo 中查看
mail-footer = 本邮件由看护任务的 Maibo 发出。
mail-why = 您收到此邮件，是因为项目“{ $project }”的告警会发送到这个邮箱。
mail-unsubscribe = 退订
mail-confirm-title = 要接收这些告警吗？
mail-confirm-text = 有人在 { $server } 的 Maibo 上设置了：项目“{ $project }”的任务失联时，发邮件通知您。您确认后才会开始发送。
mail-confirm-footer = 如果您不清楚这是什么，忽略即可：不会有告警发来；除非有人再次征求您的同意，也不会再有邮件。
consent-confirm-title = “{ $project }”的告警
consent-confirm-text = 该项目的任务失联或恢复时，Maibo 会发邮件到 { $address }。每封邮件里都有退订链接。
consent-confirm-button = 确认接收告警
consent-confirmed-title = 已确认
consent-confirmed-text = 从现在起，“{ $project }”的告警会发送到 { $address }。
consent-unsubscribe-title = 要退订吗？
consent-unsubscribe-text = { $address } 将不再从这个渠道收到“{ $project }”的告警，项目负责人会得知。
consent-unsubscribe-button = 退订
consent-unsubscribed-title = 已退订
consent-unsubscribed-text = { $address } 不会再收到这些告警。如需恢复，请联系“{ $project }”的负责人，由其重新发送确认邮件。
check-unnamed = 未命名检查

## 页面框架
skip = 跳到正文
nav-main = 主导航
nav-checks = 检查
nav-channels = 通知渠道
sign-out = 退出登录
banner-nobody = 本项目没有可用的通知渠道：任务失联时，不会有人知道。
banner-nobody-link = 添加通知渠道
banner-hollow = 分组{ $names }没有可用的成员：只发往该分组的告警不会有人收到。
banner-hollow-link = 查看通知渠道
note-check-made = 检查已就绪，首次上报后开始计时。
note-check-saved = 已保存。
note-check-deleted = 检查及其历史已删除。
note-check-paused = 已暂停：恢复或再次上报之前，不期待任何上报。
note-check-resumed = 已恢复：等待下一次上报。
note-channel-made = 通知渠道已就绪，建议发一条测试消息确认。
note-channel-saved = 已保存。
note-channel-asks = 已发邮件征求收件人同意。确认之前告警会排队等待，最多一天。
note-channel-deleted = 通知渠道已删除。
error-home = 返回检查列表
error-not-found = 找不到页面
error-not-found-text = 页面不存在，或您无权查看。
error-forbidden = 没有权限
error-forbidden-text = 您在此项目中的角色不允许该操作，或请求来自其他网站。
error-bad-request = 请求无法识别
error-bad-request-text = 服务器无法理解该请求，未做任何更改。
error-too-many = 尝试过于频繁
error-too-many-text = 请稍候再试。
error-too-many-wait = 请在 { $span }后再试。
error-too-large = 内容过大
error-too-large-text = 超出服务器单次可接收的大小，未做任何更改。
error-unavailable = 暂时不可用
error-unavailable-text = 数据库没有响应，未做任何更改，请几秒后重试。
error-server = 出错了
error-server-text = 这是我们的错误，详情见服务器日志。

## 用户
setup-title = 欢迎使用 Maibo
setup-text = 创建第一个用户，它将拥有整个系统。
setup-button = 开始使用
email = 邮箱
password = 密码
password-hint = 至少 8 个字符。
sign-in = 登录
sign-in-wrong = 邮箱或密码不正确。
sign-in-wait = 尝试次数过多，请等待 { $span }。
sign-in-fresh = 还没有任何用户。请打开服务器启动时输出的初始化链接。
sign-in-forgot = 忘记密码？请在服务器上执行：

## 状态
state-up = 正常
state-late = 迟到
state-down = 故障
state-paused = 已暂停
state-running = 运行中
state-new = 待首次上报

## 检查列表
checks-none = 还没有检查
checks-none-text = 检查等待任务的上报，没有等到就会告警。
checks-no-match = 没有符合条件的检查
checks-matching = { $count } 个检查
check-add = 添加检查
filter-state = 按状态筛选
filter-clear = 显示全部
search = 搜索名称、短名、标签
pages = 分页
page-prev = 上一页
page-next = 下一页
col-state = 状态
col-name = 名称
col-runs = 最近 30 次
col-schedule = 计划
col-last = 最近上报
col-due = 下次应到
col-ran = 耗时
never = 从未
just-now = 刚刚
now = 现在
ago = { $span }前
running-for = 已运行 { $span }
due-overdue = 已逾期 { $span }
due-down = 已故障 { $span }
due-ends-in = 应在 { $span }内结束
due-grace-left = 宽限还剩 { $span }
due-waiting = 等待首次上报
due-in = { $span }后
due-never = 不再到期
runs = { $count ->
    [0] 尚无运行
   *[other] { $count } 次运行
}
strip-label = { $runs }，{ $missed } 次异常

## 计划
schedule-every = 每 { $span }
schedule-every-days = { $count ->
    [1] 每天
   *[other] 每 { $count } 天
}
schedule-every-hours = { $count ->
    [1] 每小时
   *[other] 每 { $count } 小时
}
schedule-every-minutes = { $count ->
    [1] 每分钟
   *[other] 每 { $count } 分钟
}
schedule-every-seconds = { $count ->
    [1] 每秒
   *[other] 每 { $count } 秒
}
today-at = 今天 { $time }
schedule-hourly = 每小时整点
schedule-hourly-at = 每小时第 { $minute } 分
schedule-days-at = { $days } { $times }
schedule-daily = 每天
schedule-month-days = 每月 { $days } 日
schedule-zone-comma = ，
weekday-1 = 周一
weekday-2 = 周二
weekday-3 = 周三
weekday-4 = 周四
weekday-5 = 周五
weekday-6 = 周六
weekday-7 = 周日

## 检查详情
headline-heard = { $span }前收到上报。
headline-next = 下次应到 { $due }，还有 { $span }。
headline-up = 正常。
headline-down = 已故障 { $span }。
headline-down-missed = 应于 { $due } 上报，到 { $end } 仍未收到。
headline-down-run = { $started } 开始的运行未按时结束。
headline-down-failed = 任务于 { $at } 上报失败。
headline-late = 迟到。
headline-late-text = 应于 { $due } 上报，宽限还剩 { $span }。
headline-paused = 已暂停。
headline-paused-text = 目前不期待上报。
headline-new = 等待首次上报。
headline-new-text = 收到后开始计时。
headline-running = 已运行 { $span }。
headline-running-text = 应在 { $end } 前结束。
sentence-space = {""}
list-comma = 、
timeline = 最近 7 天
timeline-label = 最近 7 天：故障 { $downs } 次，共 { $span }
times = { $count ->
    [0] 没有故障
   *[other] 故障 { $count } 次
}
pause = 暂停
resume = 恢复
edit = 编辑
delete = 删除
cancel = 取消
save = 保存
copy = 复制
copied = 已复制
check-edit = 编辑检查
check-delete-title = 删除「{ $name }」？
check-delete-text = 历史记录会一并删除，上报地址也将失效，仍在调用它的任务会收到错误。
events = 事件
times-in = 时间均为 { $zone }
events-none = 还没有任何事件。
events-older = 更早
show-all = 全部
show-pings = 上报
show-alerts = 告警
today = 今天，{ $day }
event-ping-success = 成功
event-ping-start = 开始
event-ping-fail = 失败
event-ping-log = 日志
event-ping-ign = 已忽略
event-flip-up = 转为正常
event-flip-down = 转为故障
event-flip-paused = 已暂停
event-flip-new = 已恢复等待
event-exit = 退出码 { $status }
event-run = 运行 { $run }
event-body = 日志 { $size }
event-read = 查看
event-source = 原文
event-why-missed = 未收到上报，应到时间 { $due }
event-why-blind = 未收到上报，应到时间 { $due }；但 Maibo 自身当时不在线，上报可能已丢失
event-why-overrun = { $started } 开始的运行未按时结束
event-why-fail = 任务上报失败
event-why-back = 中断 { $span }
event-alert-down = 告警
event-alert-up = 恢复通知
event-blackout = Maibo 不在线
event-blackout-text = 自 { $from } 起 { $span }，期间的上报可能已丢失
alert-state-queued = 发送中
alert-state-sent = 已送达
alert-state-dead = 未送达
alert-state-skipped = 无需通知
alert-state-again = { $span }后重试
attempts = { $count } 次尝试
attempt-sent = 已送达
attempt-retry = 失败，稍后重试
attempt-dead = 已放弃
attempt-skipped = 未发送
how-to-ping = 如何上报
ping-end = 在任务末尾：
ping-crontab = 在 crontab 中：
ping-more = 任务开始时加 /start、结束时加 /$?，即可统计耗时并捕捉失败。POST 的内容会作为日志保存。
ping-slug = 按短名：
ping-mail = 通过邮件（适用于只能发邮件的设备）：
ping-short = 短地址（供需要登录的脚本使用）：
ping-alias = 来自其他产品的令牌：
filters = 计入规则
filter-post = 只有 POST 请求才计入，其余仅记录。
filter-failure = 内容含 { $words } 视为失败。
filter-success = 内容含 { $words } 视为成功。
filter-start = 内容含 { $words } 视为开始。
filter-else-failure = 其他内容一律视为失败，与地址无关。
filter-else-nothing = 其他内容一律不计入，与地址无关。
filter-mail-failure = 邮件含 { $words } 视为失败。
filter-mail-success = 邮件含 { $words } 视为成功。
filter-mail-start = 邮件含 { $words } 视为开始。
filter-mail-else-failure = 其他邮件一律视为失败。
filter-mail-else-nothing = 其他邮件一律不计入。
filter-mail-subject = 邮件只看主题。
filter-mail-text = 邮件只看正文。
filter-mail-both = 邮件的主题和正文都看。
filter-manual-resume = 暂停后只能手动恢复。
settings = 设置
zone = 时区
grace = 宽限
early = 提前上报
early-auto = 算数，最多提前间隔的十分之一
early-off = 不算数
alerts-to = 告警发往
alerts-nobody = 无人
alerts-broken = 已失效
alerts-unconfirmed = 等待收件人确认
next-runs = 接下来

## 检查表单
kind-simple = 每隔一段时间
kind-daily = 每天定时
kind-cron = Cron
kind-oncalendar = systemd OnCalendar
every = 至少每隔多久上报一次
span-hint = 数字加 s（秒）、m（分）、h（小时）或 d（天）：90s、5m、1h30m、1d。
at = 时间
at-hint = 16:05，或多个：06:00,18:30。
days = 星期
days-hint = 都不选表示每天。
cron = Cron 表达式
cron-hint = 分 时 日 月 星期；支持英文名、L、LW 和 1#2。
calendar = OnCalendar
calendar-hint = 一行或多行，如 Mon..Fri 03:00。行内写明的时区优先于下方的时区。
grace-hint = 上报可以迟到多久、一次运行可以持续多久，超过即告警。
preview = 预览
preview-next = 接下来的应到时间：
check-no-channels = 还没有通知渠道。
more-settings = 更多设置
tags = 标签
tags-hint = 用空格分隔。
slug = 短名
slug-hint = 用于按名称上报的地址：小写字母、数字、- 和 _。
description = 说明
early-label = 稍早的上报也算数
early-hint = 用于定时计划：提前几分钟跑完的任务不会被当作缺席。
manual-resume = 只能手动恢复
manual-resume-hint = 否则下一次上报会自动结束暂停。
field-error-required = 此项必填。
field-error-too-long = 最多 { $limit } 个字符。
field-error-slug = 最多 100 个小写字母、数字、- 和 _。
field-error-span = 请写成 30s、5m、1h 或 1d 这样的时长。
field-error-span-range = 范围为 1s 至 365d。
field-error-email = 这不是邮箱地址。
field-error-password = 密码长度应为 8 到 1000 个字符。
setting-error-unknown = 没有这个字段，可用的有：{ $value }
setting-error-required = 此项必填
setting-error-too-long = 过长，最多 { $value }
setting-error-choice = 应为以下之一：{ $value }
setting-error-shortened = 这是已保存地址的缩略显示，请填写完整地址
setting-error-url = 这不是网址；网址以 https:// 或 http:// 开头，并包含主机名
setting-error-url-spaces = 地址中有空格，这类地址不含空格；请重新复制完整的地址
setting-error-key-of-server = 这是 `{ $value }` 上的地址；请把该服务器填在对应的地址栏，或在此只填密钥
setting-error-scheme = 只能调用 http:// 和 https:// 地址
setting-error-private = `{ $value }` 是内网地址，需要由 MAIBO_OUTBOUND_ALLOW 放行
setting-error-plain-http = 只有 MAIBO_OUTBOUND_ALLOW 放行的地址才能用 http，请改用 https
setting-error-other-host = 此类渠道只能调用 { $value }，除非地址由 MAIBO_OUTBOUND_ALLOW 放行
setting-error-unresolved = 无法解析主机名 { $value }
setting-error-one-address = 只能填一个地址；每个人各加一个通知渠道
setting-error-email = `{ $value }` 不是邮箱地址
setting-error-asked-too-often = 最近向 { $value } 发送的确认邮件过多，请一小时后再试
setting-error-one-url = 此项与「恢复：URL」至少填一项
setting-error-header = `{ $value }` 不是 Name: value 的形式
setting-error-header-ours = `{ $value }` 由 Maibo 自动设置
schedule-error-unknown-zone = 没有这个时区，名称形如 Asia/Shanghai。
schedule-error-unknown-kind = 没有这种计划。
schedule-error-too-long = 计划过长。
schedule-error-bad-period = 间隔范围为 1s 至 365d。
schedule-error-bad-cron = 这不是有效的 Cron 表达式。
schedule-error-bad-oncalendar = 这不是有效的 OnCalendar 表达式。
schedule-error-bad-time = 时间形如 16:05。
schedule-error-bad-days = 星期形如 mon-fri。
schedule-error-never-comes = 这个时间永远不会到来。

## 通知渠道
channels-none = 出了问题也没人知道
channels-none-text = 通知渠道是告警的去处：邮箱、聊天群，或您自己的程序。
channel-add = 添加通知渠道
channel-add-title = 添加：{ $kind }
channel-edit-title = 编辑「{ $name }」
channel-delete-title = 删除「{ $name }」？
channel-delete-text = { $count ->
    [0] 没有检查使用它。
   *[other] 有 { $count } 个检查在使用它，之后将不再通知。
}
channel-delete-groups = 它也在分组{ $names }里，之后该分组不再通知它。
channel-delete-last = 它是分组{ $names }里唯一可用的成员：之后只发往该分组的告警不会有人收到。
channel-delete-fallback = 它是{ $names }的备用渠道：之后那里发送失败的告警不会再发往别处。
channel-quoted = 「{ $name }」
channel-uses = { $count ->
    [0] 没有检查使用
   *[other] { $count } 个检查使用
}
channel-broken = 已失效：
channel-hollow = 已失效：没有可用的成员。请另选成员，或修复其中一个。
channel-asking = 等待收件人确认；确认邮件正在发送。
channel-asked = 等待收件人确认：确认邮件发出时间：{ $ago }。告警会排队等待，最多一天。
channel-ask-failed = 等待收件人确认，但确认邮件发送失败：{ $why }
channel-withdrawn = 收件人已退订，不再向其发送邮件。可以再次征求同意。
channel-ask = 再次征求同意
channel-test = 发送测试
channel-no-mail = 服务器尚未配置发信服务器（MAIBO_SMTP_URL）。邮件会等待配置完成，最多一天。
channel-language = 消息语言
channel-for-all = 现有的所有检查都通知它
alert-sample-name = 夜间备份
alert-sample-project = 我的项目
field-kept = 留空则保持不变。
field-forget = 清除已保存的内容
test-title = 测试
test-sent = 已发送，对方的回应：
test-failed = 未发送：
test-nothing = 该通知渠道没有可发送的内容。
test-again = 再次测试
test-back = 返回通知渠道

## 徽章
nav-badges = 徽章
badge = 徽章
badge-more = 所有徽章
badge-picture = 徽章的当前样子
badges-text = 显示状态的小图片，可放在 README、Wiki 或大屏上。知道地址的人只能看到徽章本身。
badges-two = 正常或故障
badges-three = 正常、迟到或故障
badges-all = 所有检查
badges-more = 另有 { $count } 个标签有徽章，GET /api/v3/badges/ 可列出全部。

## 密钥
nav-keys = 密钥
keys-api = API 密钥
keys-api-text = 程序凭密钥读取或修改本项目的检查。服务器只保存密钥的哈希。
key-scope = 密钥权限
key-scope-read-only = 只读
key-scope-read-write = 读写
key-make = 新建密钥
key-made = 新密钥
key-made-text = 请立即复制，之后不再显示。
key-made-at = 创建：
key-used = 最近使用：{ $ago }
key-never-used = 从未使用
key-revoke = 吊销
key-revoke-title = 吊销 { $key }？
key-revoke-text = 吊销后，使用它的程序会立即被拒绝（{ $used }）。此操作无法撤销。
keys-full = 本项目的密钥数量已达上限，请吊销无人使用的密钥。
keys-ping = 上报密钥
keys-ping-text = 有了它，任务可以用“项目 + 短名”代替 UUID 上报；加上 ?create=1，首次上报时会自动创建检查。
keys-ping-slug = 检查的短名
ping-key-make = 新建上报密钥
ping-key-replace = 更换
ping-key-replace-title = 更换上报密钥？
ping-key-replace-text = 仍用旧密钥上报的任务会收到错误，其检查随后会变为故障。使用 UUID 的上报地址不受影响。
keys-use = 如何使用
keys-use-api = 为 Healthchecks 编写的脚本和客户端可直接使用此地址：
keys-use-docs = 查看全部可调用的接口
keys-use-metrics = Prometheus 可凭只读密钥读取每个检查的状态：
keys-use-key = 密钥
keys-use-read-only = 只读密钥
note-key-revoked = 密钥已吊销。
note-ping-key-made = 上报密钥已就绪。

## API
api-docs = API
api-docs-about = 程序可以查询和提交的全部内容。接口说明为英文。
api-docs-machine = OpenAPI 文档
api-docs-keys = Maibo 自有 API（/api/maibo/v1）用项目的密钥调用，放在请求头 X-Api-Key 里或作为 Bearer 令牌均可；也可换用由 POST /api/token/ 取得的个人令牌，它能访问本人的所有项目。Healthchecks API（/api/v1 至 v3）只接受项目的密钥，放在请求头 X-Api-Key 里或 JSON 请求体的 api_key 字段里。上报和徽章无需密钥；监控指标用哪种密钥，见各接口的说明。只读密钥不能修改任何内容，也看不到上报地址。
api-docs-sections = 目录
api-docs-forms = JSON 结构
api-docs-parameters = 参数
api-docs-body = 请求体
api-docs-answers = 响应
api-docs-required = 必填
setting-error-token = 令牌由字母、数字和符号组成，不含空格
