namespace DemEngine.Cli.Shells;

/// <summary>Texts of <c>dem help TOPIC</c> and of the manual page that belong to no command.</summary>
internal static class HelpTexts
{
    public static IReadOnlyDictionary<string, (string Title, string Text)> All { get; } =
        new SortedDictionary<string, (string Title, string Text)>(StringComparer.Ordinal)
        {
            ["environment"] = (
                "variables that are heeded",
                """
                HF_HUB_CACHE, HF_HOME     where models of the Hugging Face Hub are looked up by their id
                SLURM_CPUS_PER_TASK       the default of --threads, where the machine has more processors
                HF_TOKEN, HF_TOKEN_PATH   token for hf:// and the hub's https:// addresses; HF_ENDPOINT is the hub itself
                AWS_...                   credentials, region and AWS_ENDPOINT_URL for s3:// addresses
                DEM_S3_ANONYMOUS=1        reads public buckets without credentials
                DEM_ALLOW_HTTP=1          allows http:// addresses of other machines
                SSL_CERT_FILE             certificates to trust, such as that of a store of your own
                NO_COLOR, CLICOLOR=0      no colours, as with --no-color
                DEM_LIBTORCH              folder of a libtorch for training
                """),
            ["exit-codes"] = (
                "what the exit code says",
                """
                0    done
                1    failed while running, such as a full disk: may be tried again
                2    the request or its inputs are wrong: never worth another try
                75   in the way only now, such as another process that writes the same output: try again later
                130  interrupted by Ctrl-C, 143 by SIGTERM: the same command with --resume=auto goes on
                `dem diff --exit-code` ends as diff and cmp do: 0 the same, 1 different, 2 trouble.
                """),
            ["json"] = (
                "the form of --json",
                """
                --json prints exactly one JSON object on standard output. Its member "schema" is the version of the form, 1;
                a member that gets another meaning, or goes, makes it 2. After an error, whatever the exit code, it has the member
                  "error": {"code": "DEM3001", "message": ..., "remedy": ..., "path": ..., "tensor": ..., "line": ..., "key": ...}
                where path, tensor, line and key are null unless the error is about one. An interruption
                has the code "interrupted".
                """),
            ["mergekit"] = (
                "for users of mergekit-yaml",
                """
                dem merge RECIPE.yaml OUT takes mergekit's recipes and its form of the command. --cuda becomes --backend cuda,
                --out-shard-size 5B becomes --max-shard-size 5GB, -j becomes --threads, and -v --verbose. --lazy-unpickle,
                --low-cpu-memory, --copy-tokenizer, --trust-remote-code, --allow-crimes and the like change nothing and are
                accepted with a note. --random-seed is refused: methods that draw at random take `seed` in the recipe.
                dem moe RECIPE.yaml OUT takes mergekit-moe's recipes.
                """),
            ["remote"] = (
                "models and outputs that are not on this machine",
                """
                A model's path may be an address: hf://org/name@revision, https://host/folder or a file there, s3://bucket/prefix.
                Tensors are fetched by ranges while they are used; no model is downloaded as a whole. --out s3://bucket/prefix of
                merge, convert, extract and moe writes into a bucket: its config.json comes last, so that readers see all or none.
                Such an output cannot be resumed. `dem help environment` has the variables with keys.
                """),
            ["scale"] = (
                "one merge on several machines",
                """
                dem plan RECIPE OUT --parts 8 --out PLAN     once
                dem merge PLAN --part K                      for each K from 0 to 7, anywhere, in any order
                dem join PLAN                                once, when all parts are done
                The machines share the folders of the models, of PLAN and of OUT, under the same paths, and do not talk to each
                other. The output has the bytes of `dem merge RECIPE OUT`. A part that was stopped goes on when it is run again,
                on any machine; join reads back what the parts wrote and names those that are missing or damaged.
                With scope: layer or model in the recipe, --phase measure for each K first saves reading in the parts.
                --part auto takes SLURM_ARRAY_TASK_ID, SLURM_PROCID of srun, the rank of MPI (OMPI_COMM_WORLD_RANK, PMI_RANK) or
                JOB_COMPLETION_INDEX, and checks the number of tasks. Exit code 75 says that it may be tried again.
                """),
            ["progress"] = (
                "progress for logs and programs",
                """
                --progress bar|plain|json|none says how progress is shown on standard error. json is one object a line, at most
                one a second and at the end: phase, bytes_done, bytes_total, tensors_done, tensors_total, tensor, shard, seconds
                and bytes_per_second of runs that read and write; text, share and seconds of others.
                """),
        };
}
