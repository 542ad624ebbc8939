test-no-members = This group has no channels.
channel-log = Delivery log
alert-many-both = { $count } checks were down and are back. They could not be told of one by one; their pages tell more.
