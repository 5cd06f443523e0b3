/**
 * Where a sentence ends: the one rule for segments, for the times of words and for whatever else breaks text at sentences. Free
 * of imports, so that the page may have it too.
 *
 * Most marks are sure. A full stop is weighed, since it ends abbreviations, ordinals and initials as well: by what it stands
 * behind, how the next word is written, and the pause.
 *
 * @see docs/decisions/0036-words-and-sentence-ends.md
 */

/** A pause behind a full stop that may or may not end a sentence decides that it does, from so many seconds on. */
const DECIDING_PAUSE = 0.3

/** What may follow a sentence's mark: closing quotes and brackets, also those of German and Danish, and dashes. */
const CLOSING = '[\\s"\'\\p{Pe}\\p{Pf}\\p{Pi}\\p{Pd}]*$'
/** Marks of all scripts that Whisper writes; Thai and Lao have none. */
const FINAL_MARK = '[.．!?！？…‥⋯。｡‼⁇⁈⁉‽؟۔।॥።፧፨\u037E։។៕။།༎]|፡፡'
/** Marks that end sentences in one script alone: the Greek question mark, the colon and the bar typed for ։ and । */
const BY_SCRIPT = '(?<=\\p{sc=Grek}\\P{L}*);|(?<=\\p{sc=Armn}\\P{L}*):|(?<=[\\p{sc=Deva}\\p{sc=Beng}]\\P{L}*)\\|'
const SENTENCE_MARK = new RegExp(`(?:${FINAL_MARK}|${BY_SCRIPT})${CLOSING}`, 'u')
const FULL_STOP = new RegExp(`(?<![.．!?…‥⋯])[.．]${CLOSING}`, 'u')
const ELLIPSIS = new RegExp(`(?:[.．]{2}|[…‥⋯][.．]?)${CLOSING}`, 'u')
/** Closing marks that came apart from their word. */
const CLOSES = /^\s*[\p{P}--[\p{Ps}\p{Pi}\p{Pd}¿¡]]+$/v
const CLOSES_QUOTATION = /["'\p{Pe}\p{Pf}\p{Pi}]\s*$/u

/**
 * Never the end of a sentence, whatever the pause: titles, and what always has something behind it. As they are written, without
 * the last point; those in lower case may also begin with a capital.
 */
const BEFORE_MORE = setOf(`
  Mr Mrs Ms Mx Messrs Mme Mlle MM Mgr Hr Fr Gen Gral Col Cel Capt Cpt Lt Sgt Maj Rev Hon Pres Gov Sen Rep Lic Ing Arq Dipl
  dr drs dra dras dres prof profs profa profª sr sra srta sres sras srs dott avv dhr mevr exmo exma excmo ilmo ilma Sig Eng Dña Dn
  Doç Sn mgr inż ks św sv проф акад св κ κα Δρ TS ThS GS PGS TP Jl EE श्री प्रो सुश्री
  e.g i.e vs cf viz approx aprox circa ca z.b d.h i.d.r bzw ggf sog geb ehem inkl bijv d.w.z p.ej por.ej p.ex t.ex f.eks np tzn tj
  tzw např tzv esim örn т.е напр π.χ
`)
/** The same where a number follows: "no. 5", "p. 12", "fig. II", "Feb. 3"; else words like others ("No.", "art."). */
const BEFORE_NUMBERS = setOf(`
  no nos nr nrs nº nᵒ num núm n p pp pg pag pág págs str art arts fig figs eq eqs cap caps vol vols ch chap sec séc ed tel kap abs
  abb bd kl v vv č godz max min Rs Rp стр рис гл п ст Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Okt Nov Dec Dez
`)
/** May end a sentence, but stand in the middle of it just as often before a capital: "Av. Paulista", "Inc. of". */
const BEFORE_NAMES = setOf(`
  St Sto Sta Ste Av Ave Avda Avd Blvd boul Rd Hwy Apt Bldg Mt Ft Jr Inc Ltd Ltda Co Corp Bros Cia Dept Univ al Pça Str Ud Uds Vd
  Vds UU a.c d.c av.j.-c ap.j.-c Mio Mrd Tsd ul г ул им др д р м вул ім
`)
/** Up to a thousand, or Roman: an ordinal, a point of a list, a king. Years are longer. */
const ORDINAL = /^(?:\p{Nd}{1,3}|[IVX]+)$/u
/** One letter, or letters with points between them: "J", "U.S", "a.m", "Ph.D", "J.-C"; "д" and "डॉ" where there are no capitals. */
const INITIALS =
  /^(?:\p{Lu}|(?![\p{sc=Hang}\p{sc=Han}\p{sc=Hira}\p{sc=Kana}])\p{Lo}\p{M}*|(?:\p{L}{1,2}\.\p{Pd}?)+\p{L}{1,2})$/u

/** Words that, with a capital, begin a sentence, and are neither names nor a part of them ("Le", "La", "De", "Van" may be). */
const STARTERS = setOf(`
  The A An This That These Those He She It We They You I There Then But And So If When What Who Why How Where In At For After
  Before Now Yes Well Because As Our My His Her Their Its
  O Os As Um Uma Ele Ela Eles Elas Eu Nós Você Vocês Isso Isto Esse Essa Este Esta Aquele Aquela Mas E Então Depois Agora Aí
  Quando Se Porque Por Para Em Na Não Sim Também Como Já Hoje Ontem À Às
  Un Una Él Ella Ellos Yo Nosotros Usted Pero Y Entonces Después Ahora Cuando Si En Con Sí También Esto Eso Luego Hoy
  Les Une Il Elle Ils Elles On Nous Vous Je Mais Et Alors Puis Ensuite Après Quand Dans Ce Cette Ces Cela Ça Non Oui
  Der Die Das Ein Eine Er Sie Es Wir Ihr Ich Du Dann Danach Aber Und Oder Doch Da Jetzt Heute Wenn Weil Wer Was Wie Wo Warum
  Nein Ja Im Am Auf Mit Nach Vor Auch
  Gli Lui Lei Noi Voi Loro Io Ma Poi Allora Perché Questo Questa È
  Het Een Hij Zij Ze Wij We Ik Dan Maar Toen Nu
  Он Она Оно Они Мы Вы Я Ты Но И А Затем Потом Это Этот Эта Когда Если В На Не Да Нет
`)

/** A word with the blank before it, as it stands in the text. */
interface WrittenWord {
  readonly word: string
}

/** Whether a text ends with a mark that ends sentences, a full stop among them. */
export function hasSentenceMark(text: string): boolean {
  return SENTENCE_MARK.test(text)
}

/**
 * Whether a sentence ends with word `i`.
 *
 * @param words         of one text, in order.
 * @param pauseSeconds  silence behind the word, as far as it is known.
 */
export function endsSentence(words: readonly WrittenWord[], i: number, pauseSeconds: number): boolean {
  const { word } = words[i]!
  const next = words[i + 1]?.word
  if (!hasSentenceMark(word)) return false
  if (next === undefined) return true
  if (CLOSES.test(next)) return false
  const isPause = pauseSeconds >= DECIDING_PAUSE
  const goesOn = isLowerCase(next)
  if (ELLIPSIS.test(word)) return !goesOn
  if (FULL_STOP.test(word)) return !(goesOn && !isPause) && !isInsideText(word, next) && endsAtStop(words, i, isPause)
  const isSpeech = CLOSES_QUOTATION.test(word) || /^\s*\p{Pd}/u.test(next) // “Why?” he asked
  return isPause || !(goesOn && isSpeech)
}

/** Whether the first letter is a small one of a script that has capitals; Georgian does not begin sentences with its own. */
function isLowerCase(text: string): boolean {
  return /^[\s\p{P}\p{S}]*(?!\p{sc=Geor})\p{Ll}/u.test(text)
}

/** A point within what is written together: "example" "." "com", "3." "5". */
function isInsideText(word: string, next: string): boolean {
  return (
    /[.．]$/.test(word) && /^[\p{L}\p{N}]/u.test(next) && !/^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]/u.test(next)
  )
}

function endsAtStop(words: readonly WrittenWord[], i: number, isPause: boolean): boolean {
  if (isAbbreviation(BEFORE_MORE, words, i)) return false
  const next = words[i + 1]!.word
  const isStart = isPause || STARTERS.has(next.trim().replace(/^[\p{P}\s]+|[,;:?!…]+$/gu, ''))
  const core = coreOf(words[i]!.word)
  if (isAbbreviation(BEFORE_NUMBERS, words, i)) return isPause || !/^\s*(?:\p{Nd}|[IVXL]{2,}\b|[VXL]\b)/u.test(next)
  return isStart || !(ORDINAL.test(core) || INITIALS.test(core) || isAbbreviation(BEFORE_NAMES, words, i))
}

/** Whether word `i` is one of `abbreviations` or, as in "z. B.", one of the words of one. */
function isAbbreviation(abbreviations: ReadonlySet<string>, words: readonly WrittenWord[], i: number): boolean {
  for (let from = Math.max(0, i - 2); from <= i; from++) {
    for (let to = i; to < Math.min(words.length, from + 3); to++) {
      const written = words
        .slice(from, to + 1)
        .map(({ word }) => coreOf(word))
        .join('.')
      if (abbreviations.has(written) || abbreviations.has(decapitalised(written))) return true
    }
  }
  return false
}

/** The last part of a word, without the point and marks around it: "Mr" of “Mr.”, "1" of "R$ 1.". */
function coreOf(word: string): string {
  return word
    .trim()
    .replace(/^.*\s/u, '')
    .replace(/^[\p{Ps}\p{Pi}\p{Pd}\p{Sc}"'¿¡]+|[.．]?[\p{Pe}\p{Pf}\p{Pi}\p{Pd}"']*$/gu, '')
}

/** In lower case if it has points inside, else only its first letter: "TS" is not "ts". */
function decapitalised(text: string): string {
  return text.includes('.') ? text.toLowerCase() : text.charAt(0).toLowerCase() + text.slice(1)
}

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.trim().split(/\s+/))
}
