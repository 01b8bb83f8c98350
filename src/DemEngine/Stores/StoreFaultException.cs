namespace DemEngine.Stores;

/// <summary>A failure of one request to a store, which may succeed when it is made again.</summary>
/// <param name="message">Half a sentence that says what happened.</param>
/// <param name="inner">Exception that caused it, if any.</param>
/// <param name="retryAfter">Time after which the store asks for the next request; null where it does not say.</param>
public sealed class StoreFaultException(string message, Exception? inner = null, TimeSpan? retryAfter = null)
    : IOException(message, inner)
{
    /// <summary>Time after which the store asks for the next request; null where it does not say.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}
