//! Settings that change while something is going on.
use rstest::rstest;

use super::*;

#[test]
fn once_down_a_longer_period_does_not_bring_a_check_back() {
    let mut check = Check::hourly();
    check.success("12:00").tick("13:10").edit(every(minutes(600), minutes(10)), "13:20");
    assert_eq!((check.status(), check.deadline()), (Status::Down, None));
    assert_eq!(check.tick("13:30").flips.len(), 2);
}

#[test]
fn a_late_check_is_in_time_again_under_a_longer_period() {
    let mut check = Check::hourly();
    check.success("12:00").edit(every(minutes(120), minutes(10)), "13:05");
    assert_eq!((check.shown("13:06"), check.deadline()), (Shown::Up, Some(t("14:10"))));
}

#[test]
fn a_shorter_period_takes_a_check_down_now_and_not_in_the_past() {
    let mut check = Check::hourly();
    check.success("12:00").edit(every(minutes(5), minutes(5)), "12:30").tick("12:31");
    assert_eq!(check.told()[1..], [(Status::Down, t("12:30"), missed("12:05"))]);
}

#[test]
fn less_grace_takes_a_long_run_down_now() {
    let mut check = Check::hourly();
    check.start("12:00").edit(every(minutes(60), minutes(2)), "12:05").tick("12:05");
    assert_eq!(check.told(), [(Status::Down, t("12:05"), overrun("12:00"))]);
}

#[test]
fn more_grace_gives_a_run_more_time() {
    let mut check = Check::hourly();
    check.start("12:00").edit(every(minutes(60), minutes(30)), "12:05");
    assert_eq!(check.deadline(), Some(t("12:30")));
}

#[test]
fn a_job_moved_to_a_later_hour_after_it_ran_has_missed_nothing() {
    let mut check = Check::new(cron("0 2 * * *", minutes(30)));
    check.success("02:01").edit(cron("0 3 * * *", minutes(30)), "10:00").tick("10:00");
    assert_eq!(check.status(), Status::Up);
    assert_eq!(check.deadline(), Some(on(11, "03:30")));
}

#[test]
fn a_period_that_becomes_a_calendar_owes_nothing_from_before() {
    let mut check = Check::new(every(minutes(1440), minutes(30)));
    check.success("02:00").edit(cron("0 * * * *", minutes(30)), "10:20").tick("10:20");
    assert_eq!((check.status(), check.deadline()), (Status::Up, Some(t("11:30"))));
}

#[test]
fn an_edit_does_not_hide_a_run_that_is_late_already() {
    let mut check = Check::new(cron("0 2 * * *", minutes(60)));
    check.ping(Kind::Success, None, on(9, "02:01"));
    check.edit(cron("0 3 * * *", minutes(60)), "02:30");
    assert_eq!(check.shown("02:31"), Shown::Late);
    assert_eq!(check.tick("03:00").told()[1..], [(Status::Down, t("03:00"), missed("02:00"))]);
}

#[rstest]
#[case::tolerance_off(Early::Within(Span::zero()), minutes(30))]
#[case::less_grace(Early::Auto, minutes(5))]
fn an_early_ping_that_has_counted_goes_on_counting(#[case] early: Early, #[case] grace: Span) {
    let spec = Spec::daily("16:05", None, "UTC");
    let mut check = Check::new(Policy { early: Early::Auto, ..policy(&spec, minutes(30)) });
    check.success("15:58").edit(Policy { early, ..policy(&spec, grace) }, "16:30").tick("16:40");
    assert_eq!((check.status(), check.state.due), (Status::Up, Some(on(11, "16:05"))));
}

#[test]
fn a_late_ping_does_not_become_an_early_one_by_an_edit() {
    let spec = Spec::cron("*/10 * * * *", "UTC");
    let policy = Policy { early: Early::Within(minutes(5)), ..policy(&spec, minutes(9)) };
    let mut check = Check::new(policy.clone());
    check.success("12:00").success("12:18").edit(Policy { grace: minutes(8), ..policy }, "12:19");
    assert_eq!(check.state.due, Some(t("12:20")));
}

#[test]
fn a_run_on_a_paused_check_is_forgotten_when_no_ping_may_end_it_any_more() {
    let mut check = Check::hourly();
    check.pause("12:00").start("12:01");
    check.edit(Policy { manual_resume: true, ..every(minutes(60), minutes(10)) }, "12:02").tick("13:00");
    assert_eq!((check.status(), check.state.run), (Status::Paused, None));
}

#[rstest]
#[case::new(Check::hourly(), Status::New)]
#[case::paused(Check::hourly().success("12:00").pause("12:01").clone(), Status::Paused)]
fn an_edit_wakes_nothing_that_sleeps(#[case] mut check: Check, #[case] status: Status) {
    check.edit(every(minutes(1), minutes(1)), "15:00").tick("16:00");
    assert_eq!((check.status(), check.deadline(), check.state.due), (status, None, None));
}
