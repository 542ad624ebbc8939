//! Clocks that step back, and pings that overtake each other.
use super::*;

#[test]
fn an_older_success_that_is_written_later_does_not_bring_its_slot_back() {
    let mut check = Check::new(cron("0 * * * *", minutes(5)));
    check.success("11:00").success("12:00:00.005").success("11:59:59.999").tick("12:30");
    assert_eq!((check.status(), check.state.due), (Status::Up, Some(t("13:00"))));
    assert_eq!(check.state.last_ping, Some(t("12:00:00.005")));
}

#[test]
fn a_success_sent_before_a_failure_does_not_take_it_back() {
    let mut check = Check::hourly();
    check.start_run(A, "12:00").fail_of(B, "12:05:00.010").success_of(A, "12:05");
    assert_eq!(check.status(), Status::Down);
    assert_eq!(check.success("12:06").status(), Status::Up);
}

#[test]
fn a_failure_sent_before_a_success_is_told_and_flips_stay_in_order() {
    let mut check = Check::hourly();
    check.success("12:00:00.010").fail("12:00");
    assert_eq!(check.told()[1..], [(Status::Down, t("12:00:00.010"), Reason::Fail)]);
}

#[test]
fn a_ping_from_before_the_last_one_does_not_end_the_silence_that_followed() {
    let mut check = Check::new(every(Span::seconds(2), Span::seconds(1)));
    check.success("12:00:00").tick("12:00:03").success("11:59:59");
    assert_eq!(check.status(), Status::Down);
    assert_eq!(check.tick("12:01").flips.len(), 2);
}

#[test]
fn a_ping_sent_just_before_the_deadline_and_written_after_it_recovers() {
    let mut check = Check::hourly();
    check.success("12:00").tick("13:10").success("13:09:59.990");
    assert_eq!(check.told()[2], (Status::Up, t("13:10"), Reason::Success));
    assert_eq!(check.deadline(), Some(t("14:19:59.990")));
}

#[test]
fn a_start_that_its_own_success_overtook_opens_no_run() {
    let mut check = Check::hourly();
    check.success("12:00:00.003").start("12:00").tick("12:30");
    assert_eq!((check.status(), check.state.run), (Status::Up, None));
}

#[test]
fn a_start_with_a_rid_is_opened_even_if_some_success_overtook_it() {
    let mut check = Check::hourly();
    check.success_of(B, "12:00:00.003").start_run(A, "12:00").tick("12:30");
    assert_eq!(check.told()[1..], [(Status::Down, t("12:10"), overrun("12:00"))]);
}

#[test]
fn a_start_that_a_failure_overtook_is_over_whatever_its_rid() {
    let mut check = Check::hourly();
    assert_eq!(check.fail_of(B, "12:00:00.003").start_run(A, "12:00").state.run, None);
}

#[test]
fn an_older_start_does_not_replace_a_newer_one() {
    let mut check = Check::hourly();
    check.start_run(B, "12:00:00.003").start_run(A, "12:00");
    assert_eq!(check.state.run, Some(Run { at: t("12:00:00.003"), id: B }));
}

#[test]
fn a_ping_sent_before_a_pause_does_not_resume() {
    let mut check = Check::hourly();
    check.success("11:00").pause("12:00:00.010").success("12:00").start("12:00").tick("20:00");
    assert_eq!((check.status(), check.deadline(), check.state.run), (Status::Paused, None, None));
}

#[test]
fn a_clock_that_steps_back_moves_no_deadline() {
    let mut check = Check::hourly();
    check.success("12:00").tick("11:00").tick("13:09:59");
    assert_eq!((check.status(), check.deadline()), (Status::Up, Some(t("13:10"))));
    assert_eq!(check.tick("13:10").status(), Status::Down);
}

#[test]
fn after_a_large_step_back_the_new_time_is_believed() {
    let mut check = Check::hourly();
    check.ping(Kind::Success, None, on(31, "12:00")).success("12:00").tick("13:10");
    assert_eq!(check.told()[1..], [(Status::Down, t("13:10"), missed("13:00"))]);
}

#[test]
fn a_run_never_takes_less_than_nothing() {
    let mut check = Check::hourly();
    check.start_run(A, "12:00:01").success_of(A, "12:00");
    assert_eq!(check.state.last_duration, Some(Span::zero()));
}
