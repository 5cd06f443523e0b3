/** The page for people at `/`. It is an ordinary client of the API, built by `make setup` into `dist/web`. */

export { pageRoutes } from './routes.ts'
