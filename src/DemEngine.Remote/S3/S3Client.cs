using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace DemEngine.Remote.S3;

/// <summary>Makes Amazon's client, so that each call is one attempt and works with other servers than Amazon's.</summary>
internal static class S3Client
{
    private const string AnyRegion = "us-east-1";

    /// <summary>Makes the client.</summary>
    /// <param name="options">What the store takes from its surroundings.</param>
    public static AmazonS3Client Make(S3Options options)
    {
        string? region = options.Variable("AWS_REGION") ?? options.Variable("AWS_DEFAULT_REGION");
        var config = new AmazonS3Config
        {
            // The engine tries again, by one rule for all stores.
            MaxErrorRetry = 0,
            Timeout = Timeout.InfiniteTimeSpan,

            // Other servers than Amazon's know neither checksums in trailers nor buckets as host names.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if ((options.Variable("AWS_ENDPOINT_URL_S3") ?? options.Variable("AWS_ENDPOINT_URL")) is { } endpoint)
        {
            config.ServiceURL = endpoint;
            config.ForcePathStyle = true;
            config.AuthenticationRegion = region ?? AnyRegion;
        }
        else if (region is not null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return options.Keys is { } keys ? new AmazonS3Client(new BasicAWSCredentials(keys.Access, keys.Secret), config)
            : options.Variable("DEM_S3_ANONYMOUS") is not null ? new AmazonS3Client(new AnonymousAWSCredentials(), config)
            : new AmazonS3Client(config);
    }
}
