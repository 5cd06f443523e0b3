/** The audio API of OpenAI, for clients that speak it: the paths, fields, answers and events are theirs. */
export { openAiRoutes } from './routes.ts'
