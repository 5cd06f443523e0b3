/** Words that lean on the one after them: articles, prepositions, conjunctions, pronouns, auxiliaries. */

/** By language code, the ones that speech is full of. */
const LEANING: Readonly<Record<string, string>> = {
  en:
    'a an the of in on at to for from with by about as into over under between through and or but nor so because although ' +
    'though if when while since than that which who whose where my your his her its our their this these those is are was ' +
    'were am be been will would can could should shall may might must have has had do does did not very more much how what ' +
    'there i you he she it we they',
  pt:
    'o a os as um uma uns umas de do da dos das em no na nos nas num numa por pelo pela pelos pelas para pra com sem sobre ' +
    'entre até e ou mas nem que se quando porque como onde ao aos à às meu minha seu sua seus suas este esta esse essa isso ' +
    'não eu ele ela nós eles elas você vocês me te lhe é são foi era será está estão tem têm muito mais',
  es:
    'el la los las un una unos unas de del en a al por para con sin sobre entre hasta desde y e o u pero ni que si cuando ' +
    'porque como donde mi tu su sus este esta ese esa no yo él ella nosotros ellos ellas se lo le les me te nos es son fue ' +
    'era está están ha han muy más',
  fr:
    'le la les un une des de du en dans à au aux par pour avec sans sur sous entre chez et ou mais ni car donc que qui si ' +
    'quand comme où mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces ne je tu il elle on ' +
    'nous vous ils elles se me te est sont a ont était très plus',
  it:
    'il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal dallo dalla dai ' +
    'dalle in nel nello nella nei nelle con su sul sulla sui per tra fra e ed o ma che se quando perché come dove mio mia ' +
    'suo sua non io lui lei noi voi loro si mi ti ci vi è sono ha hanno era molto più',
  de:
    'der die das den dem des ein eine einen einem einer eines in im an am auf zu zum zur von vom mit bei beim für aus nach ' +
    'über unter vor durch gegen ohne um und oder aber denn sondern dass weil wenn ob als wie wo mein meine dein deine sein ' +
    'seine ihr ihre unser unsere ich du er sie es wir man ist sind war waren hat haben wird werden nicht sehr kein keine',
  nl:
    'de het een van in op aan te naar voor met bij uit over onder door tegen zonder om tot en of maar want dat die omdat ' +
    'als toen wie waar mijn jouw zijn haar ons onze hun ik je jij hij ze zij wij we is was zijn heeft hebben wordt niet geen',
  pl:
    'w we na z ze do od o po za pod nad dla bez przez przy i a ale lub albo oraz że żeby jeśli gdy jak gdzie nie się ja ty ' +
    'on ona my wy oni jest są był była',
  ru:
    'в во на с со к ко о об от до из за по под над для без у при и а но или что чтобы если когда как где не ни я ты он она ' +
    'оно мы вы они мой моя его её их',
}

const sets = new Map<string, ReadonlySet<string>>()

/** In the languages without a list, words of so few letters: most of them are such. */
const SHORT_WORD = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]{1,3}$/u

/** Whether the word, as it stands in a text, is one of its language's. False for one with a mark behind it. */
export function leansOnNext(word: string, language: string | undefined): boolean {
  if (language === undefined || !Object.hasOwn(LEANING, language)) return SHORT_WORD.test(word)
  let leaning = sets.get(language)
  if (leaning === undefined) {
    leaning = new Set(LEANING[language]!.split(' '))
    sets.set(language, leaning)
  }
  return leaning.has(word.replace(/^["'\p{Ps}\p{Pi}]+/u, '').toLowerCase())
}
