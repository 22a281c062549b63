// Predict, then look: questions about the run, each asked at the moment before it happens, while what comes is hidden.

const quiz = { at: -1, answers: [], isOpen: false };

const asked = () => data.quiz[quiz.at];

const rightCount = () => quiz.answers.filter((answer) => answer.isRight).length;

/** Read a number as people type it: with a comma, a true minus, or as a fraction. */
const readNumber = (text) => {
  const [above, below = "1", ...rest] = text.replaceAll("−", "-").replaceAll(",", ".").replaceAll(" ", "").split("/");
  return rest.length || !above || !below ? NaN : Number(above) / Number(below);
};

/** Write words so that two ways to type one thing are the same: a shape is its sizes. */
const plainText = (text) => {
  const words = text.trim().replace(/^["'`]+|["'`]+$/g, "").toLowerCase();
  if (/^(torch\.size)?[[(]*[\d\sx×,]*[\])]*$/.test(words)) return (words.match(/\d+/g) ?? []).join("x") || "()";
  return words.replace(/\s+/g, " ");
};

/** Whether a typed answer is the right one: a number as near as the question says, else the same words. */
const isRightText = (question, text) => {
  if (question.number !== null) return Math.abs(readNumber(text) - question.number) <= question.near;
  return plainText(text) === plainText(question.answer);
};

/** Return what a wrong number has overlooked, where that can be told. */
const remarkOn = (question, text) => question.beliefs.find(([number, near]) => Math.abs(readNumber(text) - number) <= near)?.[2] ?? "";

const answerWords = (question) => (question.choices.length ? question.right.map((at) => question.choices[at]).join(", ") : question.answer);

/** Ask the next question, or say how it went. */
const askNext = () => {
  quiz.at += 1;
  quiz.isOpen = quiz.at < data.quiz.length;
  if (quiz.isOpen) { const [step, before] = asked().place; pause(); go(step, before); }
  showQuiz();
};

const answerQuiz = (isRight, given, remark) => {
  if (!quiz.isOpen) return;
  quiz.isOpen = false;
  quiz.answers.push({ isRight, given, remark });
  const [, , step, moment] = asked().place;
  go(step, moment);
  showQuiz();
};

const startAgain = () => {
  Object.assign(quiz, { at: -1, answers: [] });
  askNext();
};

const addChoices = (question, pane) => {
  const list = make("ol", "choices", "", pane);
  const picked = new Set();
  question.choices.forEach((words, at) => {
    const button = make("button", "", "", make("li", "", "", list));
    make("b", "", `${at + 1} `, button);
    button.append(words);
    button.dataset.choice = at;
    if (question.isSeveral) button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      if (!question.isSeveral) { answerQuiz(question.right.includes(at), words, question.remarks[at]); return; }
      if (!picked.delete(at)) picked.add(at);
      button.setAttribute("aria-pressed", String(picked.has(at)));
    });
  });
  if (!question.isSeveral) return;
  make("p", "hint", say("choose_several"), pane);
  make("button", "go", say("answer"), pane).addEventListener("click", () => {
    const chosenOnes = [...picked].sort((one, other) => one - other);
    const missed = question.choices.map((_, at) => at).filter((at) => chosenOnes.includes(at) !== question.right.includes(at));
    answerQuiz(!missed.length, chosenOnes.map((at) => question.choices[at]).join(", ") || "–",
      [...new Set(missed.map((at) => question.remarks[at]))].filter(Boolean).join(" "));
  });
};

const addField = (question, pane) => {
  const form = make("form", "", "", pane), field = make("input", "", "", form);
  Object.assign(field, { type: "text", autocomplete: "off", spellcheck: false });
  field.setAttribute("aria-label", say("your_answer"));
  make("button", "go", say("answer"), form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) answerQuiz(isRightText(question, field.value), field.value.trim(), remarkOn(question, field.value));
  });
  field.addEventListener("keydown", (event) => { if (event.key !== "Escape") event.stopPropagation(); });
  field.focus();
};

const showAnswer = (question, pane) => {
  const { isRight, given, remark } = quiz.answers.at(-1);
  const verdict = make("p", `verdict ${isRight ? "is-right" : "is-wrong"}`, "", pane);
  verdict.append(isRight ? say("right") : say("wrong", { given, answer: answerWords(question) }));
  if (isRight && !question.choices.length) verdict.append(` ${question.answer}`);
  if (!isRight && remark) writeTold(remark, make("p", "explanation", "", pane));
  writeTold(question.explanation, make("p", "explanation", "", pane));
  const isLast = quiz.at === data.quiz.length - 1;
  const next = make("button", "go", say(isLast ? "see_score" : "next_question"), pane);
  next.addEventListener("click", askNext);
  next.focus();
};

const showQuiz = () => {
  const pane = byId("quiz"), count = data.quiz.length;
  document.body.classList.toggle("is-asking", quiz.isOpen);
  pane.replaceChildren();
  if (quiz.at < 0 || quiz.at >= count) {
    const intro = say(count === 1 ? "quiz_intro_one" : "quiz_intro", { count });
    make("p", "", quiz.at < 0 ? intro : say("score", { right: rightCount(), count }), pane);
    const start = make("button", "go", say(quiz.at < 0 ? "quiz_start" : "quiz_again"), pane);
    start.addEventListener("click", startAgain);
    return;
  }
  const question = asked(), done = quiz.answers.length;
  make("p", "hint", [say("question_of", { number: quiz.at + 1, count }), done ? say("score", { right: rightCount(), count: done }) : ""]
    .filter(Boolean).join("  ·  "), pane);
  writeTold(question.prompt, make("p", "prompt", "", pane));
  if (!quiz.isOpen) showAnswer(question, pane);
  else if (question.choices.length) addChoices(question, pane);
  else addField(question, pane);
};

/** Choose by a digit. */
const pressChoice = (digit) => {
  if (document.body.dataset.pane === "quiz" && quiz.isOpen) document.querySelector(`#quiz [data-choice="${digit - 1}"]`)?.click();
};

/** Leave a question alone while one looks elsewhere: what comes is then no longer hidden. */
const pauseQuiz = () => document.body.classList.toggle("is-asking", quiz.isOpen && document.body.dataset.pane === "quiz");

const startQuiz = () => {
  byId("tab-quiz").hidden = !data.quiz.length;
  if (data.quiz.length) showQuiz();
};
