/** Two texts compared, by people's rules: what is said counts, how it is written does not. */

export { type AlignedUnits, alignUnits } from './alignment.ts'
export { charactersOf, isScoredByCharacters, normalizeWords } from './text-normalizer.ts'
export { addErrors, countErrors, type ErrorCounts, errorRate, NO_ERRORS } from './word-errors.ts'
