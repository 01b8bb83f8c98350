using System.Net;
using Amazon.Runtime;
using DemEngine.Errors;
using DemEngine.Remote.Trust;
using DemEngine.Stores;

namespace DemEngine.Remote.S3;

/// <summary>Turns what Amazon's library throws into the errors of stores.</summary>
internal static class S3Fault
{
    private static readonly string[] Passing =
        ["RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "InternalError", "ServiceUnavailable", "BadDigest",
            "IncompleteBody", "OperationAborted"];

    /// <summary>Whether an exception is one of these.</summary>
    public static bool Covers(Exception e) =>
        e is AmazonServiceException or AmazonClientException or HttpRequestException or WebException;

    /// <summary>Makes the error.</summary>
    /// <param name="e">The exception.</param>
    /// <param name="address">Address of the bucket, folder or object.</param>
    /// <param name="writes">Whether something was to be written.</param>
    public static Exception From(Exception e, string address, bool writes = false)
    {
        if (e is not AmazonServiceException service || service.StatusCode == 0)
        {
            if (RefusedCertificate.In(e) is { } refused)
                return Error(ErrorCode.StoreNotTrusted, address, refused, null, e);
            bool isSetup = e is AmazonClientException && e.InnerException is not (HttpRequestException or IOException);
            return isSetup && Says("credential")
                ? Error(
                    ErrorCode.StoreAccessRefused,
                    address,
                    "no credentials were found",
                    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for a public bucket DEM_S3_ANONYMOUS=1.",
                    e)
                : isSetup && Says("region")
                ? Error(
                    ErrorCode.BadStoreAddress,
                    address,
                    "nothing says which region the bucket is in",
                    "Set AWS_REGION, or for another server than Amazon's AWS_ENDPOINT_URL.",
                    e)
                : new StoreFaultException((e.InnerException ?? e).Message, e);
        }

        bool Says(string word) => e.Message.Contains(word, StringComparison.OrdinalIgnoreCase);

        int status = (int)service.StatusCode;
        string code = string.IsNullOrEmpty(service.ErrorCode) ? $"{status}" : $"{status} {service.ErrorCode}";
        string why = $"the store answers {code}: {Quoted.Name(service.Message)}";
        if (status is 408 or 429 or >= 500 || Passing.Contains(service.ErrorCode, StringComparer.Ordinal))
            return new StoreFaultException(why, e);
        return status switch
        {
            404 when service.ErrorCode == "NoSuchBucket" => Error(
                ErrorCode.StoreFileNotFound, address, why, "Check the bucket's name, and AWS_ENDPOINT_URL where it is set.", e),
            404 => Error(ErrorCode.StoreFileNotFound, address, why, null, e),
            401 or 403 => Error(
                ErrorCode.StoreAccessRefused,
                address,
                why,
                writes
                    ? "Check the credentials, and that they may put, list and delete objects and abort multipart uploads there."
                    : "Check the credentials, and that they may list the bucket and get its objects.",
                e),
            301 or 307 => Error(
                ErrorCode.BadStoreAddress, address, why, "The bucket is in another region: set AWS_REGION to it.", e),
            _ => Error(writes ? ErrorCode.StoreWriteFailed : ErrorCode.BadStoreAnswer, address, why, null, e),
        };
    }

    private static DemException Error(ErrorCode code, string address, string why, string? remedy, Exception e) =>
        new(code, $"{address}: {why}", e, remedy) { Path = address };
}
