"""Moving tokens on: a batch of messages is walked, acted on and written together (docs/ARCHITECTURE.md, Tokens).

Steps without effects are walked in memory; an action is claimed first (one write), done, and written with everything
walked since. What several tokens of a batch came to is one transaction with the counters they share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.adapters import logs, queue
from chalicelib.adapters.queue import Letter
from chalicelib.core import clock
from chalicelib.core.errors import NotFound, PlatformError, UpstreamFailed
from chalicelib.durable.due import Timer
from chalicelib.edge.worker import Message
from chalicelib.journeys import (
    acting,
    admitting,
    checks,
    commits,
    ending,
    lifecycle,
    parking,
    profiles,
    queues,
    throttle,
)
from chalicelib.journeys.commits import Refusal
from chalicelib.journeys.models import tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.plans import Plan, pause_s
from chalicelib.journeys.rules import tokens as rules
from chalicelib.journeys.rules import walking
from chalicelib.journeys.rules.lifecycle import ERROR
from chalicelib.journeys.rules.tokens import Reason
from chalicelib.journeys.steps.outcomes import Broken, Done, Failed, Job, Later, Outcome, Throttled
from chalicelib.journeys.turns import Turn
from chalicelib.storage.expressions import Row

SLACK_MS = 5_000
LAST_ACTION_MS = 3_000  # no action begins with less time than this left
CHECK_AGAIN_MS = 60_000
POISON_TAKES = 8


def advance(messages: Iterable[Message], deadline_ms: int) -> None:
    """Move the tokens of these messages on as far as they go before the deadline. Raises Unavailable."""
    by_node: dict[tuple[str, str], list[Message]] = {}
    for message in messages:
        by_node.setdefault((message.body["w"], message.body["n"]), []).append(message)
    for (workspace_id, node), found in by_node.items():
        _Round(workspace_id, node, found, deadline_ms).run()


class _Round:
    """Tokens of one node, moved together."""

    def __init__(self, workspace_id: str, node: str, messages: Sequence[Message], deadline_ms: int) -> None:
        self.workspace_id, self.node, self.deadline_ms = workspace_id, node, deadline_ms
        self.messages = {str(message.body["t"]): message for message in messages}
        self.wakes: list[Letter] = []

    def run(self) -> None:
        """Walk, act and write until every token waits, has ended, or is somebody else's."""
        admitted = admitting.admit(self.workspace_id, self.node, self.messages)
        self._write([Plan(turn, move) for turn, move in admitted.ends])
        turns = admitted.turns
        while turns:
            plans, jobs = self._walk(turns)
            plans += self._act(jobs)
            turns = self._still_on(self._write(plans))

    def _still_on(self, turns: list[Turn]) -> list[Turn]:
        """Keep those that may begin their next step; the others end or park before it."""
        admitted = admitting.admit_again(turns)
        stays = [Plan(turn, turn.ready(), parks=True) for turn in admitted.stays]
        self._write([*stays, *(Plan(turn, move) for turn, move in admitted.ends)])
        return admitted.turns

    # --- walking ------------------------------------------------------------------------------------------------

    def _walk(self, turns: list[Turn]) -> tuple[list[Plan], list[tuple[Turn, Job]]]:
        plans: list[Plan] = []
        jobs: list[tuple[Turn, Job]] = []
        for turn in turns:
            found = self._walk_one(turn)
            if isinstance(found, Job):
                jobs.append((turn, found))
            elif found is not None:
                plans.append(found)
        return plans, jobs

    def _walk_one(self, turn: Turn) -> Plan | Job | None:
        """Walk a token until something must be written or done; None when it only has to wait on."""
        while True:
            now_ms = clock.now_ms()
            way = turn.next(now_ms)
            if isinstance(way, walking.Astray):
                if not admitting.renew(turn):
                    way = walking.back(turn.graph, turn.view)
                elif admitting.must_stand(turn):
                    return self._stand(turn)
                else:
                    continue
            if isinstance(way, walking.Look):
                try:
                    way = checks.decide(turn, now_ms)
                except profiles.Denied as error:
                    return self._break(turn, error.message)
                except PlatformError as error:
                    if not (error.retryable or isinstance(error, UpstreamFailed)):
                        raise
                    move, timer = turn.retries(now_ms + CHECK_AGAIN_MS, now_ms, counts=False)
                    return Plan(turn, move, timer)
            match way:
                case walking.Leave():
                    turn.leave(way, now_ms)
                case walking.Wait():
                    return self._wait(turn, way, now_ms)
                case walking.Finish():
                    turn.count("passed")
                    return Plan(turn, turn.ends(Reason.FINISHED, now_ms))
                case walking.Lost():
                    return self._lost(turn, way, now_ms)
                case walking.Do():
                    return self._action(turn, way.operation, now_ms)

    def _wait(self, turn: Turn, wait: walking.Wait, now_ms: int) -> Plan | None:
        if turn.view.get("wt") == turn.view["v"] and not turn.has_moved and turn.view["st"] == rules.Status.WAITING:
            admitting.hide(self.messages.get(turn.token), turn.row, now_ms)
            return None
        move, timer = turn.waits(wait, now_ms)
        return Plan(turn, move, timer, looks_back=wait.awaits is not None)

    def _stand(self, turn: Turn) -> Plan | None:
        """Let a token stand still where it has walked to; one that has not moved keeps its state and its time."""
        if turn.has_moved or turn.holds:
            return Plan(turn, turn.stays(), parks=True)
        parking.park(turn.head, [turn.row])
        return None

    def _lost(self, turn: Turn, lost: walking.Lost, now_ms: int) -> Plan:
        turn.count("failed")
        return Plan(turn, turn.ends(Reason.STEP_FAILED, now_ms, lost.why))

    def _action(self, turn: Turn, operation: str, now_ms: int) -> Plan | Job:
        wait_s = throttle.room(self.workspace_id, self.node, operation)
        if wait_s > 0:
            return self._later(turn, now_ms + int(wait_s * 1000), counts=False)
        if self.deadline_ms - now_ms < LAST_ACTION_MS:
            return Plan(turn, turn.ready(), again=True)
        if int(turn.row["fence"]) - int(turn.row.get("f0", 0)) > POISON_TAKES:
            turn.count("failed")
            reason = f"given up: {POISON_TAKES} workers in a row did not survive this step"
            return Plan(turn, turn.ends(Reason.STEP_FAILED, now_ms, reason))
        try:
            return acting.job_of(turn, now_ms)
        except NotFound:  # a newer graph has replaced the one at hand
            return self._later(turn, now_ms + SLACK_MS, counts=False)

    # --- acting -------------------------------------------------------------------------------------------------

    def _act(self, jobs: list[tuple[Turn, Job]]) -> list[Plan]:
        taken = [(turn, job) for turn, job in jobs if self._take(turn)]
        outcomes = acting.run_all([job for _, job in taken])
        return [self._judge(turn, outcome, job.now_ms) for (turn, job), outcome in zip(taken, outcomes, strict=True)]

    def _take(self, turn: Turn) -> bool:
        if turn.holds:
            return True
        now_ms = clock.now_ms()
        row = commits.take(turn.row, now_ms, max(SLACK_MS, self.deadline_ms - now_ms + SLACK_MS))
        if row is None:
            self._again(turn, 1)
            return False
        changed = {name: row[name] for name in ("own", "until", "fence", "st")}
        turn.row, turn.holds = row, True
        turn.view |= changed
        return True

    def _judge(self, turn: Turn, outcome: Outcome, began_ms: int) -> Plan:
        """Say what follows from what became of an action; feedback on a message counts from when it was begun."""
        now_ms = clock.now_ms()
        turn.view["f0"] = turn.row["fence"]
        if isinstance(outcome, Later) and int(turn.view.get("n", 0)) + 1 >= outcome.most:
            outcome = Failed(outcome.message, outcome.counts)
        if isinstance(outcome, Throttled):
            return self._later(turn, now_ms + int(outcome.retry_after_s * 1000), counts=False)
        if isinstance(outcome, Broken):
            return self._break(turn, outcome.reason)
        for name, amount in outcome.counts.items():
            turn.count(name, amount)
        if isinstance(outcome, Later):
            return self._later(turn, now_ms + int(pause_s(turn, outcome) * 1000), counts=True)
        if isinstance(outcome, Failed):
            turn.count("failed")
            if turn.parameters.get("onError") != "CONTINUE":
                turn.mark()
                return Plan(turn, turn.ends(Reason.STEP_FAILED, now_ms, outcome.message))
        if isinstance(outcome, Done) and outcome.is_sent:
            told = {"at": began_ms, "v": turn.view["v"]} | ({"to": outcome.number} if outcome.number else {})
            sent = {**(turn.view["doc"].get("sent") or {}), turn.view["s"]: told}
            turn.view["doc"] = {**turn.view["doc"], "sent": sent}
        turn.mark()
        return self._go_on(turn, now_ms)

    def _go_on(self, turn: Turn, now_ms: int) -> Plan:
        """Leave an action that was done, by the graph as it is now; the next one begins when this is written."""
        admitting.refresh(turn)
        way = walking.leave(turn.graph, turn.view["s"], "NEXT", now_ms)
        if not isinstance(way, walking.Leave):
            return Plan(turn, turn.ends(Reason.STEP_FAILED, now_ms, "no connection leaves the step"))
        turn.leave(way, now_ms)
        found = self._walk_one(turn)
        if isinstance(found, Job):
            until_ms = max(self.deadline_ms, now_ms) + SLACK_MS
            return Plan(turn, turn.ready(until_ms=until_ms), goes_on=True)
        return Plan(turn, turn.ready(), again=True) if found is None else found

    def _later(self, turn: Turn, at_ms: int, *, counts: bool) -> Plan:
        move, timer = turn.retries(at_ms, clock.now_ms(), counts=counts)
        return Plan(turn, move, timer)

    def _break(self, turn: Turn, reason: str) -> Plan:
        """Stop the automation for a fault that would hit every token; this one stays on its step."""
        logs.log("journey.broken", level="ERROR", automation=turn.head.id, reason=reason)
        lifecycle.engine_transition(turn.head, ERROR, reason)
        return Plan(turn, turn.stays(), parks=True)

    # --- writing ------------------------------------------------------------------------------------------------

    def _write(self, plans: list[Plan]) -> list[Turn]:
        """Write plans and do what follows from each; gives the turns that go on."""
        if not plans:
            return []
        now_ms = clock.now_ms()
        ending.list_before([plan.move for plan in plans if plan.ends])
        refused = commits.commit([plan.move for plan in plans], now_ms)
        by_move = {id(refusal.move): refusal for refusal in refused}
        done = [plan for plan in plans if id(plan.move) not in by_move]
        again = [self._refused(plan, by_move[id(plan.move)], now_ms) for plan in plans if id(plan.move) in by_move]
        on = self._follow(done, now_ms)
        return on + self._write([plan for plan in again if plan is not None])

    def _refused(self, plan: Plan, refusal: Refusal, now_ms: int) -> Plan | None:
        """Read why a write was refused: a removal asked for meanwhile is obeyed, anything else is somebody's turn."""
        row = refusal.row
        same = row is not None and all(row[name] == plan.move.row[name] for name in ("fence", "seq"))
        if row is not None and same and "rm" in row:
            return Plan(plan.turn, plan.turn.removed_meanwhile(row, now_ms))
        if row is not None and not rules.is_over(row["st"]):
            self._again(plan.turn, 1)
        return None

    def _follow(self, plans: list[Plan], now_ms: int) -> list[Turn]:
        on: list[Turn] = []
        ended: list[Row] = []
        parked: dict[str, tuple[Automation, list[Row]]] = {}
        for plan in plans:
            row = plan.move.after()
            if plan.ends:
                ended.append(row)
                self._log_failure(row)
            elif plan.parks:
                parked.setdefault(plan.turn.head.id, (plan.turn.head, []))[1].append(row)
            elif plan.goes_on or plan.looks_back:
                plan.turn.stored(row)
                plan.turn.holds = plan.goes_on
                if plan.goes_on or self._looks_back(plan.turn, now_ms):
                    on.append(plan.turn)
            elif plan.again:
                self._again(plan.turn, 0)
            if plan.timer is not None and plan.timer.is_direct and plan.turn not in on:
                self._wake(row, plan.timer, now_ms)
        ending.unlist_after(ended)
        for head, rows in parked.values():
            parking.park(head, rows)
        if self.wakes:
            queue.send_many(queues.STEP, self.wakes)
            self.wakes = []
        admitting.drained(self.workspace_id, self.node, {row["a"] for row in ended})
        return on

    def _log_failure(self, row: Row) -> None:
        if row["st"] == rules.Status.ERROR:
            about = {"workspace": self.workspace_id, "node": self.node, "tokenId": tokens.parts_of(row["pk"])[2]}
            logs.log("token.failed", automation=row["a"], step=row["s"], reason=row.get("err"), **about)

    def _looks_back(self, turn: Turn, now_ms: int) -> bool:
        """See whether what a token waits for came before; what cannot be known now is found when its time is over."""
        try:
            return checks.look_back(turn, now_ms)
        except PlatformError as error:
            if not (error.retryable or isinstance(error, UpstreamFailed)):
                raise
            return False

    def _wake(self, row: Row, timer: Timer, now_ms: int) -> None:
        delay_s = max(0, -(-(timer.due_ms - now_ms) // 1000))
        self.wakes.append(Letter(tokens.message(row["pk"], row["sk"]), delay_s))

    def _again(self, turn: Turn, delay_s: float) -> None:
        message = self.messages.get(turn.token)
        if message is not None:
            message.again(delay_s)


def after_transition(workspace_id: str, node: str, automation: Automation, before: str, after: str) -> None:
    """Tell tokens of a change of their automation's status: sends the job that does it. Repeating it is harmless."""
    from chalicelib.journeys import jobs

    jobs.after_transition(workspace_id, node, automation, before, after)
