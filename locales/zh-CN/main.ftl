## Alerts
alert-title-down = DOWN | { $name }
alert-title-up = UP | { $name }
alert-title-test = TEST | Maibo
alert-title-many = DOWN | { $count ->
    [one] 1 check
   *[other] { $count } checks
}
alert-test-name = Test check
alert-test = This is a test. When one of your jobs falls silent, the alert will arrive here.
alert-down-missed = “{ $name }” is down: nothing was heard. It was due at { $due }, with { $grace } of grace.
alert-down-overrun = “{ $name }” is down: the run that started at { $started } did not end within { $grace }.
alert-down-fail = “{ $name }” is down: the job reported a failure at { $at }.
alert-down-exit = “{ $name }” is down: the job ended with exit status { $status } at { $at }.
alert-blind = “{ $name }” was not heard from. Maibo itself was away from { $from } to { $to }, so a ping may have been lost.
alert-blind-many = { $number } checks were not heard from. Maibo itself was away from { $from } to { $to }, so pings may have been lost.
alert-up = “{ $name }” is back after { $away }.
alert-up-missed = “{ $name }” is back after { $away }, { $missed }.
alert-runs-missed = { $count ->
    [one] 1 run missed
   *[other] { $count } runs missed
}
alert-and-more = , and { $count } more
alert-fact-project = Project
alert-fact-checks = Checks
alert-fact-tags = Tags
alert-fact-heard = Last heard
alert-fact-at = Time
alert-link = Open in Maibo
mail-footer = Sent by Maibo, which watches this job.
check-unnamed = unnamed check
