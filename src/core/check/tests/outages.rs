//! Maibo's own absence is not the jobs' absence.
use rstest::rstest;

use super::*;

fn last_reason(check: &Check) -> (Time, Reason) {
    let flip = check.flips.last().unwrap();
    (flip.at, flip.reason)
}

#[rstest]
#[case::due_and_deadline_inside("12:55", "13:30", "13:40", Some(1))]
#[case::only_due_inside("12:55", "13:05", "13:15", Some(1))]
#[case::only_deadline_inside("13:05", "13:30", "13:40", Some(1))]
#[case::between_due_and_deadline("13:03", "13:05", "13:10", Some(1))]
#[case::touching_due("12:30", "13:00", "13:10", Some(1))]
#[case::before("12:30", "12:59", "13:10", None)]
fn what_fell_due_in_a_blackout_has_its_grace_again(
    #[case] from: &str,
    #[case] to: &str,
    #[case] deadline: &str,
    #[case] blackout: Option<i64>,
) {
    let mut check = Check::hourly();
    check.success("12:00").blackout(from, to).tick_at(t(deadline) - Span::microseconds(1));
    assert_eq!(check.status(), Status::Up);
    check.tick("23:00");
    assert_eq!(last_reason(&check), (t(deadline), Reason::Missed { due: t("13:00"), blackout }));
}

#[test]
fn a_blackout_after_the_deadline_excuses_nothing() {
    let mut check = Check::hourly();
    check.success("12:00");
    check.blackouts.push(Blackout { id: 1, from: t("13:10:01"), to: t("14:00") });
    check.tick("14:00");
    assert_eq!(last_reason(&check), (t("13:10"), missed("13:00")));
}

#[test]
fn a_second_blackout_over_the_moved_deadline_moves_it_again() {
    let mut check = Check::hourly();
    check.success("12:00").blackout("12:55", "13:30").blackout("13:35", "14:00");
    assert_eq!((check.status(), check.deadline()), (Status::Up, Some(t("14:10"))));
    check.blackout("14:20", "14:30");
    assert_eq!(last_reason(&check), (t("14:10"), Reason::Missed { due: t("13:00"), blackout: Some(2) }));
}

#[test]
fn blackouts_known_all_at_once_move_a_deadline_as_far_as_one_by_one() {
    let (mut once, mut twice) = (Check::hourly(), Check::hourly());
    twice.success("12:00").blackout("12:55", "13:30").blackout("13:35", "14:00");
    once.success("12:00");
    once.blackouts.clone_from(&twice.blackouts);
    assert_eq!(once.tick("14:00").state, twice.state);
}

#[test]
fn a_run_that_should_have_ended_in_a_blackout_has_its_grace_again() {
    let mut check = Check::hourly();
    check.start("12:00").blackout("12:05", "12:40").tick("12:49");
    assert_eq!(check.status(), Status::New);
    check.tick("12:50");
    assert_eq!(last_reason(&check), (t("12:50"), Reason::Overrun { started: t("12:00"), blackout: Some(1) }));
}

#[test]
fn a_success_of_another_run_right_after_a_blackout_leaves_the_excused_run_its_time() {
    let mut check = Check::hourly();
    check.start_run(A, "12:00").blackout("12:05", "12:40").success_of(B, "12:41").tick("12:41");
    assert_eq!((check.status(), check.deadline()), (Status::Up, Some(t("12:50"))));
    check.tick("12:50");
    assert_eq!(last_reason(&check), (t("12:50"), Reason::Overrun { started: t("12:00"), blackout: Some(1) }));
}

#[test]
fn a_start_after_a_blackout_leaves_the_excused_slot_its_deadline() {
    let mut check = Check::hourly();
    check.success("12:00").blackout("12:55", "13:30").start("13:31");
    assert_eq!((check.shown("13:32"), check.deadline()), (Shown::Late, Some(t("13:40"))));
}

#[test]
fn an_edit_takes_no_excuse_away() {
    let mut check = Check::hourly();
    // Due before the blackout, the deadline in it.
    check
        .success("12:00")
        .blackout("13:05", "13:30")
        .edit(every(minutes(60), minutes(9)), "13:32")
        .tick("13:32");
    assert_eq!((check.status(), check.deadline()), (Status::Up, Some(t("13:39"))));
}

#[test]
fn a_ping_within_the_excused_time_answers_the_open_slot() {
    let spec = Spec::cron("0 * * * *", "UTC");
    let mut check = Check::new(Policy { early: Early::Auto, ..policy(&spec, minutes(5)) });
    check.success("12:00").blackout("12:50", "13:56").success("13:57");
    assert_eq!(check.state.due, Some(t("14:00")));
}

#[test]
fn a_ping_before_the_first_tick_after_a_blackout_raises_nothing() {
    let mut check = Check::hourly();
    check.success("12:00").success("18:00").tick("18:00:01");
    assert_eq!((check.status(), check.flips.len()), (Status::Up, 1));
}

#[test]
fn slots_lost_in_a_blackout_are_marked_as_such() {
    let mut heard = Check::new(cron("0 * * * *", minutes(10)));
    heard.success("12:00").blackout("12:30", "15:30").success("15:31");
    // 13 and 14 o'clock, and the ping that stands for 15 o'clock.
    assert_eq!(heard.marks(), [Mark::Up, Mark::Blind, Mark::Blind, Mark::Late]);

    let mut silent = Check::new(cron("0 * * * *", minutes(10)));
    silent.success("12:00").blackout("12:30", "15:30").tick("15:40").success("17:00");
    let (up, blind, down) = (Mark::Up, Mark::Blind, Mark::Down);
    // 13, 14, 15, 16 and 17 o'clock.
    assert_eq!(silent.marks(), [up, blind, blind, blind, down, up]);
}
