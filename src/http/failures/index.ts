/** What failures are answered with, whoever throws them. */
export { answerTo, formOf } from './error-answers.ts'
export { answerClientError, answerFrameworkError, handleErrors, handleUnknownRoutes } from './error-handler.ts'
export { openAiErrors, sentenceErrors } from './error-schemas.ts'
