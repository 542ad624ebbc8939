channel-kind-group = Group
channel-about-group = Several channels under one name. A check that notifies the group notifies each of them.
field-group-members = Channels
field-group-members-hint = Those of this project, each on a line of its own: names or ids. Groups cannot be members.
channel-steps-group =
    Set up the channels first.
    Choose those that belong together.
    Choose the group on checks, in place of each of them.
setting-error-no-member = this project has no channel { $value }
setting-error-group-in-group = `{ $value }` is a group itself; choose its channels
