// Checks .vercel/output: one function per file of api/, and some of them answer when they are run as Vercel does it,
// with requests on VERCEL_DEV_PORT and messages over the socket VERCEL_IPC_PATH.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const functions = '.vercel/output/functions'
const patience = 20_000

function files(folder, suffix) {
  const entries = readdirSync(folder, { recursive: true }).map(String)
  return entries.filter(entry => entry.endsWith(suffix)).map(entry => entry.slice(0, -suffix.length)).sort()
}

function fail(message) {
  console.error(`vercel-check: ${message}`)
  process.exit(1)
}

const wanted = files('api', '.rs')
const built = files(path.join(functions, 'api'), '.func')
if (JSON.stringify(wanted) !== JSON.stringify(built)) fail(`api/ has ${wanted}, the output has ${built}`)

function configuration(name) {
  return JSON.parse(readFileSync(path.join(functions, 'api', `${name}.func`, '.vc-config.json'), 'utf8'))
}

function binary(name) {
  const { filePathMap, handler } = configuration(name)
  return path.resolve(filePathMap[handler])
}

for (const name of wanted) {
  const megabytes = (statSync(binary(name)).size / 1e6).toFixed(2)
  console.log(`${name}: ${megabytes} MB, maxDuration ${configuration(name).maxDuration} s`)
}

function freePort() {
  return new Promise(resolve => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/// Runs the function, asks it for `target` and waits for the end of that invocation.
async function drive(name, target) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vercel-'))
  const socket = path.join(folder, 'ipc.sock')
  const port = await freePort()
  const messages = []
  const waiting = new Set()
  const ipc = net.createServer(stream => {
    let rest = ''
    stream.setEncoding('utf8').on('data', text => {
      const parts = (rest + text).split('\0')
      rest = parts.pop()
      messages.push(...parts.map(part => JSON.parse(part)))
      for (const check of waiting) check()
    })
  })
  await new Promise(resolve => ipc.listen(socket, resolve))
  const message = type => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name}: no message ${type}`)), patience)
    const check = () => {
      const found = messages.find(it => it.type === type)
      if (!found) return
      clearTimeout(timer)
      waiting.delete(check)
      resolve(found)
    }
    waiting.add(check)
    check()
  })
  const began = performance.now()
  const child = spawn(binary(name), { env: { VERCEL_IPC_PATH: socket, VERCEL_DEV_PORT: String(port) }, stdio: 'inherit' })
  try {
    await message('server-started')
    const headers = { 'x-vercel-internal-invocation-id': 'check', 'x-vercel-internal-request-id': '1' }
    const response = await fetch(`http://127.0.0.1:${port}${target}`, { headers })
    const first = performance.now() - began
    const body = await response.text()
    await message('end')
    console.log(`${name} ${target}: ${response.status} ${first.toFixed(1)} ms after exec: ${body.slice(0, 60)}`)
    if (response.status !== 200) fail(`${name} ${target}: ${response.status} ${body}`)
  } finally {
    child.kill('SIGKILL')
    ipc.close()
    rmSync(folder, { recursive: true })
  }
}

await drive('ping', '/ping')
await drive('ping', '/api/ping')
await drive('root', '/')
await drive('index', '/ping/stats')
