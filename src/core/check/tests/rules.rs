//! What a real Healthchecks was seen to do with runs and states, rule by rule.
use rstest::rstest;

use super::*;

#[test]
fn a_new_check_waits_in_silence_until_it_is_heard() {
    let mut check = Check::hourly();
    check.tick_at(on(30, "12:00"));
    assert_eq!(check.status(), Status::New);
    assert_eq!(check.deadline(), None);
    assert_eq!(check.flips, []);
}

#[test]
fn a_success_brings_a_check_up_and_sets_the_next_deadline() {
    let mut check = Check::hourly();
    check.success("12:00");
    assert_eq!(check.told(), [(Status::Up, t("12:00"), Reason::Success)]);
    assert_eq!(check.state.due, Some(t("13:00")));
    assert_eq!(check.deadline(), Some(t("13:10")));
}

#[rstest]
#[case("12:59:59", Shown::Up)]
#[case("13:00", Shown::Late)]
#[case("13:09:59.999", Shown::Late)]
// Down on read, before the scheduler has recorded it.
#[case("13:10", Shown::Down)]
fn a_late_check_has_its_grace(#[case] now: &str, #[case] shown: Shown) {
    assert_eq!(Check::hourly().success("12:00").shown(now), shown);
}

#[test]
fn the_flip_carries_the_exact_deadline_however_late_it_is_noticed() {
    let mut check = Check::hourly();
    check.success("12:00").tick("13:09:59.999");
    assert_eq!(check.status(), Status::Up);
    check.tick("17:42");
    assert_eq!(check.told()[1..], [(Status::Down, t("13:10"), missed("13:00"))]);
    assert_eq!(check.flips[1].heard, Some(t("12:00")));
}

#[test]
fn a_check_goes_down_at_the_very_deadline() {
    assert_eq!(Check::hourly().success("12:00").tick("13:10").status(), Status::Down);
}

#[test]
fn a_failure_takes_a_check_down_at_once_and_only_once() {
    let mut check = Check::hourly();
    check.success("12:00").exit(3, "12:30").fail("12:31").exit(4, "12:32");
    assert_eq!(check.told()[1..], [(Status::Down, t("12:30"), Reason::Exit(3))]);
    assert_eq!(check.deadline(), None);
    assert_eq!(check.state.last_ping, Some(t("12:32")));
}

#[test]
fn exit_status_zero_is_a_success() {
    assert_eq!(Check::hourly().exit(0, "12:00").status(), Status::Up);
}

#[test]
fn the_first_ping_of_a_new_check_may_be_a_failure() {
    assert_eq!(Check::hourly().fail("12:00").told(), [(Status::Down, t("12:00"), Reason::Fail)]);
}

#[test]
fn a_recovery_says_how_many_runs_never_came() {
    let mut check = Check::hourly();
    // Even the one whose grace ends with this ping.
    check.success("12:00").tick("13:10").success("16:10");
    let flip = check.flips[2];
    assert_eq!((flip.from, flip.to, flip.since, flip.missed), (Status::Down, Status::Up, t("13:10"), 4));
}

#[rstest]
#[case(Status::New, Status::Up, false)]
#[case(Status::New, Status::Down, true)]
#[case(Status::Up, Status::Down, true)]
#[case(Status::Down, Status::Up, true)]
#[case(Status::Paused, Status::Down, true)]
#[case(Status::Paused, Status::Up, false)]
#[case(Status::Down, Status::Paused, false)]
#[case(Status::Paused, Status::New, false)]
fn people_hear_of_what_goes_down_and_of_what_recovers(
    #[case] from: Status,
    #[case] to: Status,
    #[case] alerts: bool,
) {
    let at = t("12:00");
    let flip = Flip { from, to, at, reason: Reason::Success, since: at, heard: None, missed: 0 };
    assert_eq!(flip.alerts(), alerts);
}

// Runs.

#[test]
fn a_run_ends_with_the_success_of_the_same_rid_and_is_timed() {
    let mut check = Check::hourly();
    check.start_run(A, "12:00").success_of(A, "12:04:30.5");
    assert_eq!(check.state.run, None);
    assert_eq!(check.state.last_duration, Some(Span::milliseconds(270_500)));
    assert_eq!(check.closed, [Span::milliseconds(270_500)]);
}

#[test]
fn a_run_without_rid_ends_with_a_success_without_rid_and_is_timed() {
    let mut check = Check::hourly();
    check.start("12:00").success("12:04");
    assert_eq!((check.state.run, check.state.last_duration), (None, Some(minutes(4))));
}

#[test]
fn a_success_with_another_rid_brings_the_check_up_but_the_run_goes_on() {
    let mut check = Check::hourly();
    check.start_run(A, "12:00").success_of(B, "12:04");
    assert_eq!(check.status(), Status::Up);
    assert_eq!(check.state.run, Some(Run { at: t("12:00"), id: A }));
    assert_eq!(check.state.last_duration, None);
    check.tick("12:30");
    assert_eq!(check.told()[1..], [(Status::Down, t("12:10"), overrun("12:00"))]);
}

#[test]
fn a_success_with_a_rid_does_not_end_a_run_without_one() {
    let mut check = Check::hourly();
    check.start("12:00").success_of(A, "12:04");
    assert_eq!(check.state.run, Some(Run { at: t("12:00"), id: None }));
}

#[rstest]
#[case::success_without_rid(Kind::Success, None)]
#[case::fail_without_rid(Kind::Fail, None)]
#[case::fail_of_another_run(Kind::Fail, B)]
fn a_success_without_rid_or_any_failure_ends_the_run_untimed(#[case] kind: Kind, #[case] rid: Option<Uuid>) {
    let mut check = Check::hourly();
    check.start_run(A, "12:00").ping(kind, rid, t("12:04"));
    assert_eq!((check.state.run, check.state.last_duration), (None, None));
    assert_eq!(check.closed, []);
}

#[test]
fn a_failure_with_the_rid_of_the_run_is_timed() {
    assert_eq!(
        Check::hourly().start_run(A, "12:00").fail_of(A, "12:04").state.last_duration,
        Some(minutes(4))
    );
}

#[test]
fn only_the_latest_start_is_remembered() {
    let mut check = Check::hourly();
    check.start_run(A, "12:00").start_run(B, "12:08");
    assert_eq!(check.state.run, Some(Run { at: t("12:08"), id: B }));
    assert_eq!(check.deadline(), Some(t("12:18")));
}

#[test]
fn the_duration_disappears_with_the_next_end_that_has_no_start() {
    let mut check = Check::hourly();
    check.start("12:00").success("12:04").start("12:30");
    assert_eq!(check.state.last_duration, Some(minutes(4)), "a start leaves it");
    check.success("12:31").success("12:40");
    assert_eq!(check.state.last_duration, None);
}

#[test]
fn a_new_check_that_starts_goes_down_when_its_run_hangs() {
    let mut check = Check::hourly();
    check.start("12:00");
    assert_eq!((check.status(), check.shown("12:09")), (Status::New, Shown::New));
    assert_eq!(check.shown("12:10"), Shown::Down);
    check.tick("12:11");
    assert_eq!(check.told(), [(Status::Down, t("12:10"), overrun("12:00"))]);
}

#[test]
fn a_start_does_not_excuse_a_slot_that_is_due_already() {
    let mut check = Check::hourly();
    check.success("12:00").start("13:05");
    assert_eq!(check.deadline(), Some(t("13:10")));
    assert_eq!(check.tick("13:30").told()[1..], [(Status::Down, t("13:10"), missed("13:00"))]);
}

#[test]
fn a_start_before_the_slot_is_judged_by_its_own_length() {
    let mut check = Check::hourly();
    check.success("12:00").start("12:55");
    assert_eq!(check.tick("13:06").told()[1..], [(Status::Down, t("13:05"), overrun("12:55"))]);
}

#[test]
fn a_start_on_a_check_that_is_down_leaves_it_down() {
    let mut check = Check::hourly();
    check.fail("12:00").start("12:30").tick("14:00");
    assert_eq!(check.told().len(), 1);
    assert_eq!(check.state.run, Some(Run { at: t("12:30"), id: None }));
}

#[test]
fn the_success_of_another_run_is_not_answered_with_an_overrun_told_before() {
    let mut check = Check::hourly();
    check.start_run(A, "12:00").tick("12:10").success_of(B, "12:20");
    assert_eq!((check.status(), check.state.run), (Status::Up, None));
    assert_eq!(check.deadline(), Some(t("13:30")));
}

#[test]
fn a_run_that_hangs_untold_while_the_check_is_down_is_told_after_the_recovery() {
    let mut check = Check::hourly();
    check.fail("12:00").start_run(A, "12:30").success_of(B, "12:50").tick("12:50");
    assert_eq!(check.told()[1], (Status::Up, t("12:50"), Reason::Success));
    assert_eq!(check.told()[2], (Status::Down, t("12:50"), overrun("12:30")));
}

#[test]
fn a_run_that_is_overdue_when_another_succeeds_before_the_scheduler_looked_is_still_told() {
    let mut check = Check::hourly();
    check.success("12:00").start_run(A, "12:20").success_of(B, "12:30:00.3").tick("12:30:01");
    assert_eq!(check.told()[1..], [(Status::Down, t("12:30:00.3"), overrun("12:20"))]);
}

// States.

#[test]
fn while_running_the_next_ping_is_the_start() {
    let mut check = Check::hourly();
    assert_eq!(check.success("12:00").state.next_ping(t("12:30")), Some(t("13:00")));
    assert_eq!(check.start("12:30").state.next_ping(t("12:31")), Some(t("12:30")));
    assert_eq!(check.state.next_ping(t("12:40")), None, "down");
}

#[rstest]
#[case::new(Check::hourly(), None)]
#[case::new_and_running(Check::hourly().start("12:00").clone(), Some(t("12:00")))]
#[case::late(Check::hourly().success("11:00").clone(), Some(t("12:00")))]
#[case::paused(Check::hourly().success("12:00").pause("12:01").clone(), None)]
#[case::paused_and_running(Check::hourly().pause("12:00").start("12:01").clone(), None)]
#[case::down(Check::hourly().fail("12:00").clone(), None)]
#[case::down_and_running(Check::hourly().fail("12:00").start("12:01").clone(), None)]
fn there_is_no_next_ping_while_down_or_paused(#[case] check: Check, #[case] next: Option<Time>) {
    assert_eq!(check.state.next_ping(t("12:05")), next);
}

#[test]
fn a_start_on_a_paused_check_leaves_it_paused_but_takes_it_down_after_grace() {
    let mut check = Check::hourly();
    check.success("12:00").pause("12:01").start("12:30");
    assert_eq!((check.status(), check.shown("12:39")), (Status::Paused, Shown::Paused));
    check.tick("12:45");
    assert_eq!(check.told()[2..], [(Status::Down, t("12:40"), overrun("12:30"))]);
}

#[test]
fn who_pauses_once_more_ends_the_run_of_a_paused_check() {
    let mut check = Check::hourly();
    check.success("12:00").pause("12:01").start("12:30").pause("12:31");
    assert_eq!((check.state.run, check.deadline()), (None, None));
    check.tick("12:45");
    assert_eq!((check.status(), check.told().len()), (Status::Paused, 2));
}

#[rstest]
#[case(Kind::Success, Status::Up)]
#[case(Kind::Fail, Status::Down)]
#[case(Kind::Start, Status::Paused)]
#[case(Kind::Log, Status::Paused)]
#[case(Kind::Ignored, Status::Paused)]
fn any_success_or_failure_resumes_a_paused_check(#[case] kind: Kind, #[case] status: Status) {
    let mut check = Check::hourly();
    assert_eq!(check.pause("12:00").ping(kind, None, t("12:30")).status(), status);
}

#[rstest]
fn nothing_but_a_hand_resumes_a_check_that_asks_for_it(
    #[values(Kind::Success, Kind::Fail, Kind::Start)] kind: Kind,
) {
    let mut check = Check::hourly();
    check.policy.manual_resume = true;
    let before = check.success("12:00").pause("12:01").state;
    check.ping(kind, A, t("12:30"));
    assert_eq!((check.state, check.ignored), (before, 1));
    assert_eq!(check.resume("12:31").status(), Status::New);
}

#[test]
fn manual_resume_means_nothing_while_the_check_is_not_paused() {
    let mut check = Check::hourly();
    check.policy.manual_resume = true;
    assert_eq!(check.success("12:00").fail("12:01").status(), Status::Down);
}

#[test]
fn pause_and_resume_flip_once_each_and_a_second_one_does_nothing() {
    let mut check = Check::hourly();
    check.success("12:00").pause("12:01").pause("12:02").resume("12:03").resume("12:04");
    assert_eq!(
        check.told()[1..],
        [(Status::Paused, t("12:01"), Reason::Paused), (Status::New, t("12:03"), Reason::Resumed)]
    );
}

#[test]
fn a_paused_check_misses_nothing() {
    let mut check = Check::hourly();
    check.success("12:00").pause("12:01").tick("20:00").success("20:01");
    assert_eq!(check.status(), Status::Up);
    assert_eq!((check.flips.len(), check.flips[2].missed), (3, 0));
    assert_eq!(check.marks(), [Mark::Up, Mark::Up]);
}

#[test]
fn pause_ends_a_run_and_resume_forgets_the_last_ping_too() {
    let mut check = Check::hourly();
    check.success("12:00").start("12:05").pause("12:06");
    assert_eq!((check.state.run, check.deadline()), (None, None));
    assert_eq!(check.state.last_ping, Some(t("12:00")));
    check.start("12:07").resume("12:08");
    assert_eq!((check.state.run, check.deadline(), check.state.last_ping), (None, None, None));
    assert_eq!(check.tick("20:00").status(), Status::New);
}

#[test]
fn a_check_that_is_down_is_not_resumed_but_may_be_paused() {
    let mut check = Check::hourly();
    check.fail("12:00").resume("12:01");
    assert_eq!(check.status(), Status::Down);
    assert_eq!(check.pause("12:02").status(), Status::Paused);
}

#[rstest]
#[case(Kind::Log, 0)]
#[case(Kind::Ignored, 1)]
fn lines_for_the_log_change_nothing(#[case] kind: Kind, #[case] ignored: u32) {
    let mut check = Check::hourly();
    let before = check.success("12:00").start_run(A, "12:01").state;
    check.ping(kind, A, t("12:05"));
    assert_eq!((check.state, check.ignored, check.flips.len()), (before, ignored, 1));
}

// Early pings.

fn twice_a_day() -> Policy {
    let spec = Spec::daily("16:05,18:00", None, "UTC");
    Policy { early: Early::Auto, ..policy(&spec, minutes(30)) }
}

#[rstest]
#[case("16:05", on(10, "18:00"))]
#[case("16:20", on(10, "18:00"))]
// The gap is 115 minutes, so Auto gives ten.
#[case("15:55", on(10, "18:00"))]
#[case("15:54:59", on(10, "16:05"))]
#[case("17:50", on(11, "16:05"))]
#[case("17:49", on(10, "18:00"))]
fn an_early_ping_counts_for_its_slot(#[case] now: &str, #[case] due: Time) {
    assert_eq!(Check::new(twice_a_day()).success(now).state.due, Some(due));
}

#[rstest]
#[case(Early::Within(Span::zero()), "16:04:59", "16:05")]
#[case(Early::Within(minutes(1)), "16:04", "18:00")]
#[case(Early::Within(minutes(1)), "16:03:59", "16:05")]
// Never more than half of the gap.
#[case(Early::Within(minutes(600)), "15:07:30", "18:00")]
#[case(Early::Within(minutes(600)), "15:07:29", "16:05")]
fn how_early_is_for_the_user_to_say(#[case] early: Early, #[case] now: &str, #[case] due: &str) {
    let policy = Policy { early, ..twice_a_day() };
    assert_eq!(Check::new(policy).success(now).state.due, Some(t(due)));
}

#[test]
fn a_second_early_ping_counts_for_the_same_slot() {
    let mut check = Check::new(twice_a_day());
    check.success("15:58").success("15:59").success("16:04");
    assert_eq!(check.state.due, Some(t("18:00")));
}

#[test]
fn a_second_ping_for_one_slot_does_not_use_up_the_next_that_follows_closely() {
    let spec = Spec::daily("12:00,12:10,18:00", None, "UTC");
    let mut check = Check::new(Policy { early: Early::Auto, ..policy(&spec, minutes(30)) });
    check.fail("12:01").success("12:03");
    assert_eq!(check.state.due, Some(t("12:10")));
}

#[test]
fn a_late_ping_answers_the_open_slot_even_just_before_the_next() {
    let spec = Spec::cron("*/10 * * * *", "UTC");
    let mut check = Check::new(Policy { early: Early::Within(minutes(5)), ..policy(&spec, minutes(9)) });
    check.success("12:00").success("12:18");
    assert_eq!(check.state.due, Some(t("12:20")));
}

// The strip.

#[test]
fn every_expected_run_has_its_mark() {
    let mut check = Check::new(cron("0 * * * *", minutes(10)));
    check.success("12:00").success("13:05").tick("14:10").success("17:00:30").fail("18:00").success("20:30");
    let (up, late, down) = (Mark::Up, Mark::Late, Mark::Down);
    // 12, 13, 14, 15, 16, 17, 18, 19 and 20 o'clock, and the ping at 20:30 that came for no slot.
    assert_eq!(check.marks(), [up, late, down, down, down, up, down, down, down, up]);
}
