// Uploads the context of an image as the SDK does before it asks for a
// snapshot, and prints the contexts' hashes.
import { createRequire } from 'node:module'
import path from 'node:path'

const [packageName, installed, folder] = process.argv.slice(2)
const load = createRequire(path.join(installed, 'index.js'))
const { Daytona, Image } = load(packageName)

const image = Image.base('debian:12.8')
  .addLocalFile(path.join(folder, 'small.txt'), '/small.txt')
  .addLocalDir(path.join(folder, 'large'), '/large')
const snapshots = new Daytona().snapshot
const hashes = await snapshots.constructor.processImageContext(
  snapshots.objectStorageApi, image)
console.log(hashes.join('\n'))
