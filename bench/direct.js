import { request } from 'node:http';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** Open, one PUT to the store, commit: what a client does that can speak to storage itself. */
export async function pushDirect(client, blob, digest) {
  const path = `${client.base}/_berth/uploads/`;
  const opening = Buffer.from(JSON.stringify({ digest, size: blob.length }));
  const opened = await client.send('POST', path, { body: opening }, 202);
  const [{ url, headers }] = JSON.parse(opened.text).requests;
  await put(url, headers, blob);
  await client.send('PUT', opened.headers.location, { body: Buffer.from('{}') }, 201);
}

/** The same bytes by a bare S3 client, with the same checksum: the least that it can take. */
export function bareS3({ endpoint, bucket, settings }) {
  const credentials = {
    accessKeyId: settings.AWS_ACCESS_KEY_ID ?? process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: settings.AWS_SECRET_ACCESS_KEY ?? process.env.AWS_SECRET_ACCESS_KEY,
  };
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return async (blob, digest) => {
    const ChecksumSHA256 = Buffer.from(digest.slice('sha256:'.length), 'hex').toString('base64');
    await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: `bare-${digest.slice(-16)}`, Body: blob, ChecksumSHA256 }),
    );
  };
}

function put(url, headers, blob) {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'PUT', headers: { ...headers, 'content-length': String(blob.length) } });
    sending.once('error', reject).once('response', (response) => {
      response
        .resume()
        .once('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`PUT answered ${response.statusCode}`)),
        );
    });
    sending.end(blob);
  });
}
