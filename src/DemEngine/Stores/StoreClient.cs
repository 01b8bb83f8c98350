using System.Buffers;
using System.Diagnostics;
using System.Globalization;

namespace DemEngine.Stores;

/// <summary>
/// Asks a store until it answers: what may pass by itself is tried again after a growing, partly random time, and what was read
/// of a part before its answer broke off is kept. Thread-safe.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="limits">How long it is waited for.</param>
internal sealed class StoreClient(IFileStore store, StoreLimits limits)
{
    private const int ChunkBytes = 128 << 10;

    // A store that asks one thread to wait means all of them.
    private long _notBefore;

    /// <summary>Lists a folder.</summary>
    /// <exception cref="DemException">Those of <see cref="IFileStore.ListAsync"/>, and DEM4050 (StoreNotReached).</exception>
    public StoreFolder List(string address, string? file) =>
        Ask(address, token => Wait(store.ListAsync(address, file, token)), CancellationToken.None);

    /// <summary>Throws where a file is another one than was listed.</summary>
    /// <exception cref="DemException">DEM4005 (InputChanged), and DEM4050 (StoreNotReached).</exception>
    public void CheckUnchanged(StoreFile file) => Ask(
        file.Address,
        token =>
        {
            store.CheckUnchangedAsync(file, token).GetAwaiter().GetResult();
            return true;
        },
        CancellationToken.None);

    /// <summary>The store, where outputs can be written into it.</summary>
    /// <param name="address">Address of the output, for the error.</param>
    /// <exception cref="DemException">DEM1051 (NotInStore): they cannot.</exception>
    public IWritableStore Writable(string address) => store as IWritableStore
        ?? throw new DemException(
            ErrorCode.NotInStore,
            $"{address}: outputs are not written there",
            remedy: "Name a folder on disk, or a place in an object store.")
        {
            Path = address,
        };

    /// <summary>Makes a request until it succeeds.</summary>
    /// <param name="address">Address that the request is about.</param>
    /// <param name="bytes">Number of bytes that are sent with it, which take time.</param>
    /// <param name="request">The request.</param>
    /// <param name="cancel">Token that stops it.</param>
    /// <exception cref="DemException">DEM4050 (StoreNotReached), or an error of the store.</exception>
    public T Send<T>(string address, long bytes, Func<CancellationToken, Task<T>> request, CancellationToken cancel) => Ask(
        address,
        token => Wait(request(token)),
        cancel,
        TimeSpan.FromSeconds((double)bytes / limits.SlowestRate));

    /// <summary>Reads a part of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="destination">Memory to fill completely.</param>
    /// <param name="cancel">Token that stops the reading.</param>
    /// <exception cref="DemException">Those of <see cref="IFileStore.OpenAsync"/>, and DEM4050 (StoreNotReached).</exception>
    public void Read(StoreFile file, long offset, Span<byte> destination, CancellationToken cancel = default)
    {
        if (destination.IsEmpty)
            return;
        int done = 0;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                WaitForTurn(cancel);
                ReadOnce(file, offset, destination, ref done, cancel);
                return;
            }
            catch (Exception e) when (e is not DemException)
            {
                Pause(file.Address, attempt, e, cancel);
            }
        }
    }

    /// <summary>Reads a whole small file.</summary>
    /// <param name="file">The file.</param>
    public byte[] ReadAll(StoreFile file)
    {
        byte[] contents = new byte[file.Length];
        Read(file, 0, contents);
        return contents;
    }

    private void ReadOnce(StoreFile file, long offset, Span<byte> destination, ref int done, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        stop.CancelAfter(limits.StallTimeout);
        long start = Stopwatch.GetTimestamp();
        int wanted = destination.Length - done;
        int got = 0;
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            using Stream stream = Wait(store.OpenAsync(file, offset + done, wanted, stop.Token));
            while (got < wanted)
            {
                stop.CancelAfter(limits.StallTimeout);
                int count = Wait(stream.ReadAsync(chunk.AsMemory(0, Math.Min(chunk.Length, wanted - got)), stop.Token).AsTask());
                if (count == 0)
                    throw new StoreFaultException($"the answer ended after {got} of {wanted} bytes");
                chunk.AsSpan(0, count).CopyTo(destination[done..]);
                done += count;
                got += count;
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                if (seconds > limits.StallTimeout.TotalSeconds && got < seconds * limits.SlowestRate)
                    throw new StoreFaultException($"the answer is too slow, {got} bytes in {Text(seconds)} seconds");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private T Ask<T>(
        string address, Func<CancellationToken, T> request, CancellationToken cancel, TimeSpan further = default)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                WaitForTurn(cancel);
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                stop.CancelAfter(limits.StallTimeout + further);
                return request(stop.Token);
            }
            catch (Exception e) when (e is not DemException)
            {
                Pause(address, attempt, e, cancel);
            }
        }
    }

    /// <summary>Waits before the next attempt.</summary>
    /// <exception cref="DemException">DEM4050 (StoreNotReached): it was the last one.</exception>
    private void Pause(string address, int attempt, Exception e, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        string why = e is OperationCanceledException
            ? $"no byte came for {Text(limits.StallTimeout.TotalSeconds)} seconds"
            : e.Message;
        if (e is not (IOException or OperationCanceledException))
            throw new DemException(ErrorCode.Internal, $"{address}: {e.GetType().Name}: {e.Message}", e) { Path = address };
        if (attempt >= limits.Attempts)
            throw Failed(address, attempt, why, e);
        TimeSpan delay = Delay(attempt);
        if ((e as StoreFaultException)?.RetryAfter is { } asked)
        {
            if (asked > limits.LongestDelay)
                throw Failed(address, attempt, $"{why}, and asks for {Text(asked.TotalSeconds)} seconds of rest", e);
            delay = asked > delay ? asked : delay;
            long until = Environment.TickCount64 + (long)asked.TotalMilliseconds;
            long known;
            while ((known = Interlocked.Read(ref _notBefore)) < until)
                Interlocked.CompareExchange(ref _notBefore, until, known);
        }

        Sleep(delay, cancel);
    }

    // A random part is left out so that threads that failed together do not come again together.
    private TimeSpan Delay(int attempt)
    {
        double whole = Math.Min(limits.FirstDelay.TotalSeconds * Math.Pow(2, attempt - 1), limits.LongestDelay.TotalSeconds);
        return TimeSpan.FromSeconds(whole * (1 - (Random.Shared.NextDouble() / 2)));
    }

    private void WaitForTurn(CancellationToken cancel)
    {
        long wait = Interlocked.Read(ref _notBefore) - Environment.TickCount64;
        if (wait > 0)
            Sleep(TimeSpan.FromMilliseconds(wait), cancel);
    }

    private static void Sleep(TimeSpan time, CancellationToken cancel)
    {
        if (cancel.WaitHandle.WaitOne(time))
            throw new OperationCanceledException(cancel);
    }

    private static DemException Failed(string address, int attempts, string why, Exception inner) => new(
        ErrorCode.StoreNotReached,
        $"{address}: {why} ({attempts} {(attempts == 1 ? "attempt" : "attempts")})",
        inner)
    {
        Path = address,
    };

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static string Text(double seconds) => seconds.ToString("0.#", CultureInfo.InvariantCulture);
}
