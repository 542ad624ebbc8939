channel-kind-group = 渠道组
channel-about-group = 把几个渠道合成一个。检查通知这个组，就等于通知其中每一个。
field-group-members = 渠道
field-group-members-hint = 本项目的渠道，每行一个，写名称或 ID。组里不能再有组。
channel-steps-group =
    先添加好各个渠道。
    选出要放在一起的渠道。
    在检查中选这个组，不必逐个选择。
setting-error-no-member = 本项目没有名为 { $value } 的渠道
setting-error-group-in-group = `{ $value }` 本身是渠道组，请直接选择其中的渠道
