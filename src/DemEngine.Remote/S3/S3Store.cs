using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using DemEngine.Stores;

namespace DemEngine.Remote.S3;

/// <summary>
/// Folders of S3 and of servers that speak its protocol, <c>s3://bucket/prefix</c>. Objects are read by ranges under the
/// condition that their ETag is still that of the listing, and written in parts.
/// </summary>
/// <param name="options">What the store takes from its surroundings; null for the process's environment.</param>
public sealed class S3Store(S3Options? options = null) : IWritableStore, IDisposable
{
    // One model has fewer; a prefix with more is refused after its list was read so far.
    private const int MostObjects = 20_000;
    private const string AnotherOne = "another one is there now";

    private readonly Lazy<AmazonS3Client> _client = new(() => S3Client.Make(options ?? new S3Options()));

    /// <inheritdoc/>
    public int LeastPartBytes => 5 << 20;

    /// <inheritdoc/>
    public int MostParts => 10_000;

    private AmazonS3Client Client => _client.Value;

    /// <inheritdoc/>
    public async Task<StoreFolder> ListAsync(string address, string? file, CancellationToken cancel)
    {
        S3Address folder = S3Address.Read(address);
        var files = new List<StoreFile>();
        var request = new ListObjectsV2Request { BucketName = folder.Bucket, Prefix = folder.Prefix };
        try
        {
            bool isMore;
            do
            {
                ListObjectsV2Response page = await Client.ListObjectsV2Async(request, cancel).ConfigureAwait(false);
                foreach (S3Object one in page.S3Objects ?? [])
                {
                    if (!one.Key.StartsWith(folder.Prefix, StringComparison.Ordinal) || one.Key.EndsWith('/'))
                        continue;
                    files.Add(new StoreFile(
                        one.Key[folder.Prefix.Length..], $"s3://{folder.Bucket}/{one.Key}", one.Size ?? 0, one.ETag ?? ""));
                }

                request.ContinuationToken = page.NextContinuationToken;
                isMore = page.IsTruncated == true && page.NextContinuationToken is not null && files.Count < MostObjects;
            }
            while (isMore);
        }
        catch (Exception e) when (S3Fault.Covers(e))
        {
            throw S3Fault.From(e, address);
        }

        return files.Count > 0
            ? new StoreFolder(folder.ToString(), files)
            : throw new DemException(ErrorCode.StoreFileNotFound, $"{address}: nothing lies there") { Path = address };
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenAsync(StoreFile file, long offset, long length, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(file);
        S3Address address = S3Address.Read(file.Address);
        try
        {
            GetObjectResponse answer = await Client.GetObjectAsync(
                new GetObjectRequest
                {
                    BucketName = address.Bucket,
                    Key = address.Key,
                    ByteRange = new ByteRange(offset, offset + length - 1),
                    EtagToMatch = file.Version.Length == 0 ? null : file.Version,
                },
                cancel).ConfigureAwait(false);
            try
            {
                Check(answer, file, offset, length);
                return new Http.AnswerStream(answer, answer.ResponseStream);
            }
            catch
            {
                answer.Dispose();
                throw;
            }
        }
        catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.PreconditionFailed
            or HttpStatusCode.RequestedRangeNotSatisfiable or HttpStatusCode.NotFound)
        {
            throw Changed(file, e.StatusCode == HttpStatusCode.NotFound ? "it is not there any more" : AnotherOne);
        }
        catch (Exception e) when (S3Fault.Covers(e))
        {
            throw S3Fault.From(e, file.Address);
        }
    }

    /// <inheritdoc/>
    public async Task CheckUnchangedAsync(StoreFile file, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(file);
        (long Length, string Version)? now = await FindAsync(S3Address.Read(file.Address), cancel).ConfigureAwait(false);
        if (now is null)
            throw Changed(file, "it is not there any more");
        if (now != (file.Length, file.Version))
            throw Changed(file, AnotherOne);
    }

    /// <inheritdoc/>
    public async Task<string> BeginAsync(string address, CancellationToken cancel)
    {
        S3Address to = S3Address.Read(address);
        return await TryAsync(address, async () => (await Client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = to.Bucket, Key = to.Key }, cancel).ConfigureAwait(false)).UploadId)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<string> PutPartAsync(
        string address, string upload, int number, ReadOnlyMemory<byte> part, CancellationToken cancel)
    {
        S3Address to = S3Address.Read(address);
        using MemoryStream stream = StreamOver(part);
        return await TryAsync(address, async () => (await Client.UploadPartAsync(
            new UploadPartRequest
            {
                BucketName = to.Bucket,
                Key = to.Key,
                UploadId = upload,
                PartNumber = number,
                PartSize = part.Length,
                InputStream = stream,
                MD5Digest = Convert.ToBase64String(MD5.HashData(part.Span)),
                UseChunkEncoding = false,
            },
            cancel).ConfigureAwait(false)).ETag).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task CompleteAsync(
        string address, string upload, IReadOnlyList<string> parts, long length, CancellationToken cancel)
    {
        S3Address to = S3Address.Read(address);
        try
        {
            await Client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = to.Bucket,
                    Key = to.Key,
                    UploadId = upload,
                    PartETags = [.. parts.Select((tag, k) => new PartETag(k + 1, tag))],
                },
                cancel).ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload")
        {
            // An attempt whose answer was lost has completed it; its length is looked at below.
        }
        catch (Exception e) when (S3Fault.Covers(e))
        {
            throw S3Fault.From(e, address, writes: true);
        }

        if (await FindAsync(to, cancel).ConfigureAwait(false) is not { } there || there.Length != length)
            throw new DemException(
                ErrorCode.StoreWriteFailed, $"{address}: the object does not have the {length} bytes that were sent")
            {
                Path = address,
            };
    }

    /// <inheritdoc/>
    public async Task AbortAsync(string address, string upload, CancellationToken cancel)
    {
        S3Address to = S3Address.Read(address);
        await TryAsync(address, async () => (await Client.AbortMultipartUploadAsync(
            new AbortMultipartUploadRequest { BucketName = to.Bucket, Key = to.Key, UploadId = upload }, cancel)
            .ConfigureAwait(false)).HttpStatusCode).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task PutAsync(string address, ReadOnlyMemory<byte> contents, CancellationToken cancel)
    {
        S3Address to = S3Address.Read(address);
        using MemoryStream stream = StreamOver(contents);
        await TryAsync(address, async () => (await Client.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = to.Bucket,
                Key = to.Key,
                InputStream = stream,
                AutoCloseStream = false,
                MD5Digest = Convert.ToBase64String(MD5.HashData(contents.Span)),
                UseChunkEncoding = false,
            },
            cancel).ConfigureAwait(false)).ETag).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string address, CancellationToken cancel)
    {
        S3Address to = S3Address.Read(address);
        await TryAsync(address, async () => (await Client.DeleteObjectAsync(
            new DeleteObjectRequest { BucketName = to.Bucket, Key = to.Key }, cancel).ConfigureAwait(false)).HttpStatusCode)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_client.IsValueCreated)
            Client.Dispose();
    }

    private static void Check(GetObjectResponse answer, StoreFile file, long offset, long length)
    {
        string expected = string.Create(
            CultureInfo.InvariantCulture, $"bytes {offset}-{offset + length - 1}/{file.Length}");
        if (file.Version.Length > 0 && answer.ETag != file.Version)
            throw Changed(file, AnotherOne);
        if (answer.HttpStatusCode != HttpStatusCode.PartialContent || answer.ContentRange != expected)
            throw new DemException(
                ErrorCode.BadStoreAnswer,
                $"{file.Address}: the store sends {answer.ContentRange ?? "the whole object"} in place of {expected}")
            {
                Path = file.Address,
            };
        if (answer.ContentLength != length)
            throw new DemException(
                ErrorCode.BadStoreAnswer,
                $"{file.Address}: the store sends {answer.ContentLength} bytes where {length} were asked for")
            {
                Path = file.Address,
            };
    }

    private static DemException Changed(StoreFile file, string how) =>
        new(ErrorCode.InputChanged, $"{file.Address}: the file changed while it was read: {how}") { Path = file.Address };

    private static MemoryStream StreamOver(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(bytes.ToArray(), writable: false);

    private static async Task<T> TryAsync<T>(string address, Func<Task<T>> request)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (Exception e) when (S3Fault.Covers(e))
        {
            throw S3Fault.From(e, address, writes: true);
        }
    }

    private async Task<(long Length, string Version)?> FindAsync(S3Address address, CancellationToken cancel)
    {
        try
        {
            GetObjectMetadataResponse there = await Client.GetObjectMetadataAsync(
                new GetObjectMetadataRequest { BucketName = address.Bucket, Key = address.Key }, cancel).ConfigureAwait(false);
            return (there.ContentLength, there.ETag ?? "");
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (Exception e) when (S3Fault.Covers(e))
        {
            throw S3Fault.From(e, address.ToString());
        }
    }
}
