test-no-members = 这个渠道组里没有渠道。
channel-log = 投递记录
alert-many-both = { $count } 个检查曾经故障，现已恢复。未能逐条通知，详情见各检查页面。
