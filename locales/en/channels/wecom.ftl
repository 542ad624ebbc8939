setting-error-wecom = this is required: the robot's webhook URL, or its key
setting-error-wecom-key = this has no ?key=…; copy the robot's whole webhook URL
setting-error-wecom-key-form = a key has 10 to 64 letters, digits, - and _; or give the whole webhook URL
channel-kind-wecom = WeCom robot
channel-about-wecom = A message into a WeCom group, from a group robot.
field-wecom-url = Webhook URL
field-wecom-url-hint = In the group: … → Group robots → Add; copy the whole address.
field-wecom-key = or only the key
field-wecom-key-hint = What stands behind key= in that address.
field-wecom-mention = Call when down
field-wecom-mention-hint = User ids, mobile numbers or @all. With numbers or @all the message is plain text.
setting-error-wecom-mention = `{ $value }` is neither a user id nor a mobile number; @all is everybody
channel-steps-wecom =
    Open the group in WeCom: … → Group robots → Add.
    Give the robot a name, for example Maibo.
    Copy its webhook URL into the field. Whoever has it can write into the group.
