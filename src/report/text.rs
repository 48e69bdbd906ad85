//! Every word of the reports in both languages, side by side.

use std::fmt;
use std::str::FromStr;

use crate::coverage::{CaseOutcome, EvidenceKind, GateFinding, KnownState, RequirementVerdict};
use crate::event::StopCause;

/// Language of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    #[default]
    En,
    Zh,
}

/// A language that reports do not speak.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("speak {0:?}: reports speak en and zh")]
pub struct UnknownLang(pub String);

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(text: &str) -> Result<Self, UnknownLang> {
        match text {
            "en" => Ok(Self::En),
            "zh" => Ok(Self::Zh),
            _ => Err(UnknownLang(text.to_owned())),
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("en", "zh"))
    }
}

impl Lang {
    /// Returns the text of the two that is in this language.
    pub fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    pub(super) fn say(self, word: Word) -> &'static str {
        let (en, zh) = word.texts();
        self.pick(en, zh)
    }
}

/// A fixed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Report,
    Partial,
    PartialNote,
    Run,
    Subject,
    Seed,
    Started,
    Arguments,
    Strict,
    Requirement,
    Citation,
    Citations,
    Place,
    Expected,
    Actual,
    Suite,
    Again,
    Reason,
    Cases,
    Wrong,
    WrongMust,
    WrongShould,
    Covered,
    Of,
    Known,
    Info,
    InfoNote,
    Holds,
    Differs,
    NotSeen,
    Twins,
    WouldCatch,
    TwinsProven,
    TwinsUnproven,
    Calls,
    Billable,
    Gate,
    Exit,
    Satisfied,
    Api,
    Level,
    Verdict,
    Evidence,
    Text,
    Total,
    Passed,
    Failed,
    Indeterminate,
    NotExercised,
    Unexercised,
    NeverNamed,
    Figures,
    FiguresNote,
    Failures,
    Warnings,
    KnownFailures,
    Doubts,
    NotExercisedCases,
    Matrix,
    Exchange,
    NoAnswer,
    More,
    None,
    Owner,
    Expires,
    State,
    Cause,
    Held,
    Step,
    Exercised,
}

impl Word {
    /// A flat table.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Report => ("Conformance report", "符合性报告"),
            Self::Partial => ("PARTIAL RUN", "未完整运行"),
            Self::PartialNote => (
                "not every planned case finished; the figures cover what did",
                "并非所有计划的用例都已完成，以下数字仅涵盖已完成的部分",
            ),
            Self::Run => ("run", "运行"),
            Self::Subject => ("subject", "对象"),
            Self::Seed => ("seed", "种子"),
            Self::Started => ("started", "开始时间"),
            Self::Arguments => ("selection", "选择条件"),
            Self::Strict => ("strict", "严格模式"),
            Self::Requirement => ("requirement", "要求"),
            Self::Citation => ("citation", "出处"),
            Self::Citations => ("citations", "出处"),
            Self::Place => ("place", "位置"),
            Self::Expected => ("expected", "期望"),
            Self::Actual => ("actual", "实际"),
            Self::Suite => ("suite", "用例文件"),
            Self::Again => ("reproduce", "复现"),
            Self::Reason => ("reason", "原因"),
            Self::Cases => ("cases", "用例"),
            Self::Wrong => ("wrong", "不符合"),
            Self::WrongMust => ("wrong MUST", "不符合 MUST"),
            Self::WrongShould => ("wrong SHOULD", "不符合 SHOULD"),
            Self::Covered => ("covered", "已覆盖"),
            Self::Of => ("of", "共"),
            Self::Known => ("known", "已知"),
            Self::Info => ("info", "信息项"),
            Self::InfoNote => ("observed, not judged", "仅观察，不判定"),
            Self::Holds => ("as documented", "与文档一致"),
            Self::Differs => ("differ", "与文档不同"),
            Self::NotSeen => ("not seen", "未观察到"),
            Self::Twins => ("twins", "正向对照"),
            Self::WouldCatch => ("suites", "用例效力"),
            Self::TwinsProven => ("negative cases proven by a positive twin", "个反向用例由正向对照证实"),
            Self::TwinsUnproven => ("not proven", "未证实"),
            Self::Calls => ("calls", "调用"),
            Self::Billable => ("may be billed", "可能计费"),
            Self::Gate => ("gate", "门禁"),
            Self::Exit => ("exit code", "退出码"),
            Self::Satisfied => ("satisfied", "通过"),
            Self::Api => ("api", "接口族"),
            Self::Level => ("level", "级别"),
            Self::Verdict => ("verdict", "结论"),
            Self::Evidence => ("evidence", "证据"),
            Self::Text => ("text", "内容"),
            Self::Total => ("total", "合计"),
            Self::Passed => ("passed", "通过"),
            Self::Failed => ("failed", "失败"),
            Self::Indeterminate => ("indeterminate", "无法判定"),
            Self::NotExercised => ("not exercised", "未执行"),
            Self::Unexercised => ("cannot be exercised", "无法执行（有说明）"),
            Self::NeverNamed => ("no selected case", "无选中用例"),
            Self::Figures => ("Two figures", "两个数字"),
            Self::FiguresNote => (
                "over the MUST and SHOULD requirements that the contracts fix, whatever was selected",
                "分母为契约规定的全部 MUST 与 SHOULD 要求，与选择无关",
            ),
            Self::Failures => ("Failures", "失败"),
            Self::Warnings => ("Warnings (SHOULD)", "警告（SHOULD）"),
            Self::KnownFailures => ("Known failures", "已知失败"),
            Self::Doubts => ("Without a verdict", "无结论"),
            Self::NotExercisedCases => ("Not exercised", "未执行"),
            Self::Matrix => ("Requirement matrix", "要求矩阵"),
            Self::Exchange => ("Exchange", "报文"),
            Self::NoAnswer => ("no answer", "无应答"),
            Self::More => ("more", "更多"),
            Self::None => ("none", "无"),
            Self::Owner => ("owner", "负责人"),
            Self::Expires => ("expires", "到期"),
            Self::State => ("state", "状态"),
            Self::Cause => ("cause", "起因"),
            Self::Held => ("held in", "成立于"),
            Self::Step => ("step", "步骤"),
            Self::Exercised => ("exercised by", "覆盖用例"),
        }
    }
}

/// Returns the name of a case's outcome.
pub(super) fn outcome(lang: Lang, outcome: CaseOutcome) -> &'static str {
    let (en, zh) = match outcome {
        CaseOutcome::Passed => ("passed", "通过"),
        CaseOutcome::Warned => ("warning", "警告"),
        CaseOutcome::Failed => ("failed", "失败"),
        CaseOutcome::KnownFailure => ("known failure", "已知失败"),
        CaseOutcome::NotExercised => ("not exercised", "未执行"),
        CaseOutcome::Indeterminate => ("indeterminate", "无法判定"),
        CaseOutcome::HarnessError => ("harness error", "工具错误"),
        CaseOutcome::NotRun => ("not run", "未运行"),
    };
    lang.pick(en, zh)
}

/// Returns the name of a requirement's verdict.
pub(super) fn verdict(lang: Lang, verdict: RequirementVerdict) -> &'static str {
    let (en, zh) = match verdict {
        RequirementVerdict::Passed => ("passed", "通过"),
        RequirementVerdict::Failed => ("FAILED", "失败"),
        RequirementVerdict::KnownFailure => ("known failure", "已知失败"),
        RequirementVerdict::Holds => ("as documented", "与文档一致"),
        RequirementVerdict::Differs => ("differs", "与文档不同"),
        RequirementVerdict::Indeterminate => ("indeterminate", "无法判定"),
        RequirementVerdict::NotExercised => ("not exercised", "未执行"),
        RequirementVerdict::Unexercised => ("cannot be exercised", "无法执行"),
        RequirementVerdict::NeverNamed => ("no selected case", "无选中用例"),
    };
    lang.pick(en, zh)
}

/// Returns the name of a kind of evidence.
pub(super) fn evidence(lang: Lang, kind: EvidenceKind) -> &'static str {
    let (en, zh) = match kind {
        EvidenceKind::Mismatch => ("mismatch", "不一致"),
        EvidenceKind::KnownMismatch => ("known mismatch", "已知不一致"),
        EvidenceKind::Held => ("held", "成立"),
        EvidenceKind::Indeterminate => ("indeterminate", "无法判定"),
        EvidenceKind::NotExercised => ("not exercised", "未执行"),
    };
    lang.pick(en, zh)
}

/// Returns what the state of a ledger entry means.
pub(super) fn known_state(lang: Lang, state: KnownState) -> &'static str {
    let (en, zh) = match state {
        KnownState::Applied => ("applied", "已生效"),
        KnownState::NotJudged => ("not judged in this run", "本次未判定"),
        KnownState::Expired => ("STALE: expired", "失效：已到期"),
        KnownState::NoLongerFails => ("STALE: no longer fails", "失效：不再失败"),
        KnownState::Unknown => ("STALE: no such requirement to fail", "失效：没有可失败的该要求"),
    };
    lang.pick(en, zh)
}

/// Says why the gate does not hold.
pub(super) fn finding(lang: Lang, finding: GateFinding) -> String {
    let text = |en: String, zh: String| if lang == Lang::En { en } else { zh };
    match finding {
        GateFinding::MustFailed { cases } => {
            text(format!("MUST requirements failed in {}", n_cases(cases)), format!("{cases} 个用例中有 MUST 要求失败"))
        }
        GateFinding::ShouldFailed { cases } => text(
            format!("SHOULD requirements failed under --strict in {}", n_cases(cases)),
            format!("严格模式下 {cases} 个用例中有 SHOULD 要求失败"),
        ),
        GateFinding::HarnessErrors { cases } => text(
            format!("idvet could not do its work in {}", n_cases(cases)),
            format!("idvet 在 {cases} 个用例中出现自身错误"),
        ),
        GateFinding::NothingSelected => text("no case was selected".to_owned(), "没有选中任何用例".to_owned()),
        GateFinding::NothingJudged => {
            text("no selected case came to a verdict".to_owned(), "选中的用例均无结论".to_owned())
        }
        GateFinding::TooMuchIndeterminate { cases, of } => text(
            format!("too much without a verdict: {cases} of {of} cases are indeterminate"),
            format!("无结论过多：{of} 个用例中有 {cases} 个无法判定"),
        ),
        GateFinding::Stopped { cause } => {
            let (en, zh) = stop(cause);
            text(format!("stopped before its end: {en}"), format!("运行提前终止：{zh}"))
        }
        GateFinding::StaleLedger { entries } => text(
            format!("stale entries in the ledger of known failures: {entries}"),
            format!("已知失败清单中有 {entries} 条失效"),
        ),
    }
}

fn n_cases(cases: usize) -> String {
    if cases == 1 { "1 case".to_owned() } else { format!("{cases} cases") }
}

fn stop(cause: Option<StopCause>) -> (&'static str, &'static str) {
    match cause {
        Some(StopCause::Interrupted) => ("interrupted", "被中断"),
        Some(StopCause::Budget) => ("a budget is used up", "预算用尽"),
        Some(StopCause::Target) => ("the target cannot be reached", "目标不可达"),
        Some(StopCause::Internal) => ("a bug in idvet", "idvet 内部错误"),
        None => ("the stream of events ends early", "事件流提前结束"),
    }
}
